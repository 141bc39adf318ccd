/** The grey picture on a canvas, which is drawn on or comes from an image. */
const MEGABYTES = 32;
const MEGAPIXELS = 64;
const WIDTH = 3; // of the brush, in pixels of the picture
const SHADES = { light: "#fff", dark: "#000" };

export class Picture {
  /** @param onChange is called when pixels have changed. */
  constructor(canvas, brush, size, onChange) {
    Object.assign(this, { canvas, brush, size, onChange, shade: "light" });
    canvas.width = canvas.height = size;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.context.lineCap = "round";
    this.context.lineWidth = WIDTH;
    this.lift();
    this.listen();
  }

  /** The pixels in 0..1, row by row. */
  get pixels() {
    const { data } = this.context.getImageData(0, 0, this.size, this.size);
    return Float32Array.from({ length: this.size ** 2 }, (_, i) => data[4 * i] / 255);
  }

  /** The brush of the keyboard is up, and in the middle. */
  lift() {
    this.at = { x: this.size / 2, y: this.size / 2 };
    this.down = false;
  }

  clear() {
    this.lift();
    this.context.fillStyle = SHADES.dark;
    this.context.fillRect(0, 0, this.size, this.size);
    this.onChange();
  }

  /** Take the middle square of an image, in grey. */
  show(image) {
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    const side = Math.min(width, height);
    this.context.fillStyle = SHADES.light;
    this.context.fillRect(0, 0, this.size, this.size);
    this.context.imageSmoothingQuality = "high";
    const from = [(width - side) / 2, (height - side) / 2, side, side];
    this.context.drawImage(image, ...from, 0, 0, this.size, this.size);
    const pixels = this.context.getImageData(0, 0, this.size, this.size);
    for (let i = 0; i < pixels.data.length; i += 4) {
      const [red, green, blue] = pixels.data.subarray(i, i + 3);
      pixels.data.fill(Math.round(0.299 * red + 0.587 * green + 0.114 * blue), i, i + 3);
    }
    this.context.putImageData(pixels, 0, 0);
    this.onChange();
  }

  stroke(to) {
    this.context.strokeStyle = SHADES[this.shade];
    this.context.beginPath();
    this.context.moveTo(this.at.x, this.at.y);
    this.context.lineTo(to.x, to.y);
    this.context.stroke();
    this.at = to;
    this.onChange();
  }

  listen() {
    const { canvas } = this;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      const scale = this.size / box.width;
      return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (!event.isPrimary) return; // a second finger
      canvas.setPointerCapture(event.pointerId);
      this.at = place(event);
      this.stroke(this.at);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const one of passed.length ? passed : [event]) this.stroke(place(one));
    });
    canvas.addEventListener("keydown", (event) => this.onKey(event));
    canvas.addEventListener("focus", () => this.showBrush(canvas.matches(":focus-visible")));
    canvas.addEventListener("blur", () => {
      this.down = false;
      this.showBrush(false);
    });
  }

  onKey(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === " ") {
      this.down = !this.down;
      if (this.down) this.stroke(this.at);
    } else if (event.key in steps) {
      const inside = (value) => Math.min(this.size - 0.5, Math.max(0.5, value));
      const [x, y] = steps[event.key];
      const to = { x: inside(this.at.x + x), y: inside(this.at.y + y) };
      if (this.down) this.stroke(to);
      this.at = to;
    } else return;
    event.preventDefault();
    this.showBrush(true);
  }

  /** The brush of the keyboard. */
  showBrush(visible) {
    this.brush.hidden = !visible;
    this.brush.classList.toggle("down", this.down);
    this.brush.style.left = `${(100 * this.at.x) / this.size}%`;
    this.brush.style.top = `${(100 * this.at.y) / this.size}%`;
  }
}

/** The image in a file, or an error whose message is for the reader. */
export async function imageIn(file) {
  if (!file) throw new Error("No picture was chosen; the one that is here stays.");
  if (file.size > MEGABYTES * 1e6) {
    throw new Error(`${file.name} is too large: ${(file.size / 1e6).toFixed(0)} MB; at most ${MEGABYTES} MB.`);
  }
  const url = URL.createObjectURL(file);
  try {
    const image = await imageAt(url, file.name);
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    if (width * height > MEGAPIXELS * 1e6) {
      throw new Error(`${file.name} is too large: ${width} x ${height} pixels; at most ${MEGAPIXELS} million.`);
    }
    await image.decode().catch(() => refuse(file.name));
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** The image at an address, whose pixels need not be decoded yet. */
export async function imageAt(url, name) {
  const image = new Image();
  await new Promise((resolve) => {
    image.onload = image.onerror = resolve;
    image.src = url;
  });
  return image.naturalWidth && image.naturalHeight ? image : refuse(name);
}

function refuse(name) {
  throw new Error(`${name} is no picture that this browser can read.`);
}
