/** A scattering transform in a LiteRT file, which runs in this browser on one thread. */
import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";

/** What is smaller is due to rounding, for pictures in 0..1. */
export const ROUNDING = 1e-6;

let runtime;

export class Transform {
  static async load(file, size) {
    runtime ??= loadLiteRt(new URL("litert/wasm/", document.baseURI).href);
    await runtime;
    const transform = new Transform(await loadAndCompile(file, { accelerator: "wasm" }), size);
    await transform.run(new Float32Array(size ** 2)); // the first run is slower
    return transform;
  }

  constructor(model, size) {
    this.model = model;
    this.size = size;
  }

  /** Coefficients of a grey picture in 0..1, (place, path), and the milliseconds that they took. */
  async run(picture) {
    const start = performance.now();
    const input = Tensor.fromTypedArray(picture, [1, this.size, this.size, 1]);
    const [output] = await this.model.run(input);
    const coefficients = new Float32Array(await output.data());
    input.delete();
    output.delete();
    return { coefficients, milliseconds: performance.now() - start };
  }
}

/** Means over places, one a path. */
export function means(coefficients, paths) {
  const found = new Float64Array(paths);
  coefficients.forEach((value, i) => (found[i % paths] += value));
  return found.map((sum) => (sum * paths) / coefficients.length);
}

/** Absolute differences of two arrays. */
export function distances(a, b) {
  return a.map((value, i) => Math.abs(value - b[i]));
}

/** The norm of the difference over the norm of what is right, for the paths that are told; 0 where nothing is there. */
export function relativeError(found, right, paths, isOf) {
  let [above, below, count] = [0, 0, 0];
  right.forEach((value, i) => {
    if (isOf(i % paths)) {
      above += (found[i] - value) ** 2;
      below += value ** 2;
      count += 1;
    }
  });
  return Math.sqrt(below / count) > ROUNDING ? Math.sqrt(above / below) : 0;
}
