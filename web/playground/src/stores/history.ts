import type { Sample } from "../engine/engine.ts";

/** A minute of samples. */
const SAMPLES_MAX = 300;

/** The samples that charts draw. Not state: whoever draws looks at it when a sample has come. */
export class History {
  readonly #samples: Sample[] = [];

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  add(sample: Sample): void {
    this.#samples.push(sample);
    if (SAMPLES_MAX < this.#samples.length) this.#samples.shift();
  }

  clear(): void {
    this.#samples.length = 0;
  }
}
