/** A disc of scale and direction with a sector for each path. One is chosen, by pointer or by keyboard. */
const SVG = "http://www.w3.org/2000/svg";

export class Disc {
  /**
   * @param svg the element, a listbox.
   * @param paths of one order: {index, scales, sector, words}.
   * @param onChoose is called with the index of a path.
   */
  constructor(svg, paths, onChoose) {
    this.svg = svg;
    this.paths = paths;
    this.onChoose = onChoose;
    svg.append(element("circle", { r: 1, class: "ground" }));
    this.sectors = paths.map((path, k) => {
      const attributes = { id: `${svg.id}-${k}`, d: outline(path.sector), class: "sector", role: "option" };
      const sector = element("path", { ...attributes, "aria-label": path.words, "aria-selected": false });
      sector.addEventListener("pointerover", () => this.choose(k));
      return sector;
    });
    this.ring = element("path", { class: "ring", "aria-hidden": true });
    svg.append(...this.sectors, this.ring);
    svg.addEventListener("keydown", (event) => this.onKey(event));
    svg.addEventListener("focus", () => this.choose(this.chosen ?? 0));
  }

  colour(shadeOf) {
    this.sectors.forEach((sector, k) => sector.setAttribute("fill", shadeOf(this.paths[k].index)));
  }

  choose(k) {
    this.leave();
    this.chosen = k;
    this.sectors[k].setAttribute("aria-selected", true);
    this.svg.setAttribute("aria-activedescendant", this.sectors[k].id);
    this.ring.setAttribute("d", this.sectors[k].getAttribute("d"));
    this.onChoose(this.paths[k].index);
  }

  /** No sector is marked. */
  leave() {
    if (this.chosen !== undefined) this.sectors[this.chosen].setAttribute("aria-selected", false);
    this.ring.removeAttribute("d");
  }

  onKey(event) {
    const k = this.neighbour(this.chosen ?? 0, event.key);
    if (k === undefined) return;
    event.preventDefault();
    this.choose(k);
  }

  /** Left and right go round through the directions of the same scales, up and down to other scales. */
  neighbour(k, key) {
    const scales = (i) => String(this.paths[i].scales);
    const rings = Object.values(Object.groupBy(this.paths.keys(), scales));
    const ring = rings.findIndex((members) => members.includes(k));
    const place = rings[ring].indexOf(k);
    const step = (list, i) => list[(i + list.length) % list.length];
    return {
      ArrowLeft: () => step(rings[ring], place + 1),
      ArrowRight: () => step(rings[ring], place - 1),
      ArrowUp: () => step(rings, ring - 1)[place],
      ArrowDown: () => step(rings, ring + 1)[place],
      Home: () => 0,
      End: () => this.paths.length - 1,
    }[key]?.();
  }
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** A sector and the opposite one; angles grow upwards, as on paper. */
function outline([middle, width, bottom, height]) {
  const point = (radius, angle) => `${radius * Math.cos(angle)} ${-radius * Math.sin(angle)}`;
  const half = (turn) => {
    const [from, to, top] = [middle + turn - width / 2, middle + turn + width / 2, bottom + height];
    const outer = `M${point(top, from)}A${top} ${top} 0 0 0 ${point(top, to)}`;
    return `${outer}L${point(bottom, to)}A${bottom} ${bottom} 0 0 1 ${point(bottom, from)}Z`;
  };
  return half(0) + half(Math.PI);
}
