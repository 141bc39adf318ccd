/** A scattering transform in a LiteRT file, which runs in this browser on one thread. */
import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";

let runtime;

export class Transform {
  static async load(file, size, paths) {
    runtime ??= loadLiteRt(new URL("litert/wasm/", document.baseURI).href);
    await runtime;
    return new Transform(await loadAndCompile(file, { accelerator: "wasm" }), size, paths);
  }

  constructor(model, size, paths) {
    Object.assign(this, { model, size, paths });
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

/** The norm of the difference over the norm of what is right, for the paths that are told. */
export function relativeError(found, right, paths, isOf) {
  let [above, below] = [0, 0];
  right.forEach((value, i) => {
    if (isOf(i % paths)) {
      above += (found[i] - value) ** 2;
      below += value ** 2;
    }
  });
  return below ? Math.sqrt(above / below) : 0;
}
