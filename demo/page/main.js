/** The page: a picture, both transforms of it, and what is shown of them. */
import { Disc } from "./disc.js";
import { imageAt, imageIn, Picture } from "./picture.js";
import { distances, means, relativeError, ROUNDING, Transform } from "./transform.js";

const ORDERS = [1, 2];
const NAMES = ["exact", "distilled"];
const FIRST = "Cat";
const byId = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toPrecision(2)} %`;

// For those who want the numbers: `demo.found.exact.coefficients` in the console, (place, path), of `demo.pixels`.
const demo = { found: {}, shown: "exact" };
window.demo = demo;

function short(value) {
  if (value <= ROUNDING) return "0";
  return value < 1e-4 ? value.toExponential(1) : value.toPrecision(3);
}

async function start() {
  Object.assign(demo, await (await fetch("demo.json")).json());
  demo.paths.forEach((path, index) => Object.assign(path, { index, words: words(path) }));
  demo.picture = new Picture(byId("picture"), byId("brush"), demo.size, update);
  demo.discs = ORDERS.map((order) => {
    const paths = demo.paths.filter((path) => path.order === order);
    return new Disc(byId(`disc-${order}`), paths, (index) => choose(order, index));
  });
  for (const bar of document.querySelectorAll(".scale i")) {
    bar.style.background = `linear-gradient(to right, ${demo.colours})`;
  }
  for (const name of NAMES) byId(`bytes-${name}`).textContent = `${(demo.models[name].bytes / 1e3).toFixed(0)} kB`;
  demo.transforms = Promise.all(NAMES.map((name) => Transform.load(demo.models[name].file, demo.size)));
  listen();
  await take(FIRST, imageAt(demo.samples[FIRST], FIRST));
}

function words({ scales, directions }) {
  return scales.map((scale, i) => `scale ${scale}, direction ${directions[i]}°`).join(", then ");
}

function listen() {
  for (const [name, file] of Object.entries(demo.samples)) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = name;
    const image = Object.assign(new Image(), { src: file, alt: name });
    button.append(image);
    button.addEventListener("click", () => take(name, imageAt(file, name)));
    byId("samples").append(button);
  }
  for (const id of ["open", "photograph"]) {
    const input = byId(id);
    input.addEventListener("change", () => {
      const [file] = input.files;
      take(file?.name, imageIn(file));
      input.value = ""; // the same file may be chosen again
    });
    input.addEventListener("cancel", () => take(undefined, imageIn(undefined)));
  }
  byId("clear").addEventListener("click", () => {
    say("");
    demo.picture.clear();
  });
  for (const input of document.querySelectorAll("[name=brush]")) {
    input.addEventListener("change", () => (demo.picture.shade = input.value));
  }
  for (const input of document.querySelectorAll("[name=shown]")) {
    input.addEventListener("change", () => {
      demo.shown = input.value;
      show();
    });
  }
}

/** Show the image that comes, or say why there is none. */
async function take(name, image) {
  try {
    demo.picture.show(await image);
    demo.source = name;
    say("");
  } catch (error) {
    say(error.message);
  }
}

function say(message) {
  byId("message").textContent = message;
}

/** Compute until the picture no longer changes; `demo.run` is a promise meanwhile. */
function update() {
  demo.changed = true;
  demo.run ??= compute()
    .catch((error) => say(`The transform failed: ${error.message}`))
    .finally(() => (demo.run = undefined));
}

async function compute() {
  const transforms = await demo.transforms;
  while (demo.changed) {
    await new Promise(requestAnimationFrame); // what was drawn is seen first
    demo.changed = false;
    demo.pixels = demo.picture.pixels;
    for (const [i, name] of NAMES.entries()) demo.found[name] = await transforms[i].run(demo.pixels);
    show();
  }
}

function show() {
  const { exact, distilled } = demo.found;
  if (!distilled) return;
  const isDifference = demo.shown === "difference";
  const values = isDifference
    ? distances(exact.coefficients, distilled.coefficients)
    : demo.found[demo.shown].coefficients;
  const average = means(values, demo.paths.length);
  const right = means(exact.coefficients, demo.paths.length);
  ORDERS.forEach((order, i) => {
    const largest = (of) => Math.max(...of.filter((_, k) => demo.paths[k].order === order));
    const limit = largest(average);
    demo.discs[i].colour((k) => colour(average[k], limit));
    const share = isDifference && limit > ROUNDING;
    byId(`scale-${order}`).querySelector(".limit").textContent = share
      ? `${percent(limit / largest(right))} of the peak`
      : short(limit);
  });
  Object.assign(demo, { values, average });
  if (demo.chosen === undefined) chooseStrongest();
  showOne();
  showTable();
  for (const name of NAMES) byId(`time-${name}`).textContent = `${demo.found[name].milliseconds.toFixed(1)} ms`;
  demo.errors = [0, ...ORDERS].map((order) =>
    relativeError(distilled.coefficients, exact.coefficients, demo.paths.length, (k) => demo.paths[k].order === order),
  );
  byId("difference").textContent =
    `The distilled transform differs by ${percent(demo.errors[1])} in order 1 and by ${percent(demo.errors[2])} in order 2.`;
}

function colour(value, limit) {
  const last = demo.colours.length - 1;
  return demo.colours[limit > ROUNDING ? Math.round((last * value) / limit) : 0];
}

function choose(order, index) {
  demo.chosen = index;
  for (const other of ORDERS) if (other !== order) demo.discs[other - 1].leave();
  showOne();
}

function chooseStrongest() {
  const strengths = demo.discs[0].paths.map(({ index }) => demo.average[index]);
  demo.discs[0].choose(strengths.indexOf(Math.max(...strengths)));
}

/** The map of the chosen path, and its name. */
function showOne() {
  if (!demo.values) return;
  const count = demo.paths.length;
  const map = demo.values.filter((_, i) => i % count === demo.chosen);
  const limit = Math.max(...map);
  const canvas = byId("map");
  const side = (canvas.width = canvas.height = Math.sqrt(map.length));
  const context = canvas.getContext("2d");
  map.forEach((value, i) => {
    context.fillStyle = colour(value, limit);
    context.fillRect(i % side, Math.floor(i / side), 1, 1);
  });
  const { order, words } = demo.paths[demo.chosen];
  byId("chosen").textContent =
    `Order ${order}: ${words}. Mean ${short(demo.average[demo.chosen])}, largest ${short(limit)}.`;
}

/** Means of order 1 in thousandths, a row a scale. */
function showTable() {
  const first = demo.paths.filter(({ order }) => order === 1);
  const directions = [...new Set(first.map((path) => path.directions[0]))].sort((a, b) => a - b);
  const rows = Object.values(Object.groupBy(first, (path) => path.scales[0]));
  const table = byId("numbers");
  table.replaceChildren();
  table.createCaption().textContent = "Means by direction, in thousandths";
  const head = table.createTHead().insertRow();
  const body = table.createTBody();
  head.append(heading("Scale", "col"), ...directions.map((degrees) => heading(`${degrees}°`, "col")));
  for (const row of rows) {
    const line = body.insertRow();
    line.append(heading(row[0].scales[0], "row"));
    for (const degrees of directions) {
      const path = row.find((one) => one.directions[0] === degrees);
      line.insertCell().textContent = (1e3 * demo.average[path.index]).toFixed(2);
    }
  }
}

function heading(text, scope) {
  return Object.assign(document.createElement("th"), { textContent: text, scope });
}

start().catch((error) => say(`The page could not start: ${error.message}`));
