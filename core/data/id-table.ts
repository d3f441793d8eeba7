import type { Dictionary } from "./dictionary.ts";

/** Dictionaries that one column comes with in turn; more come together only where inputs are mixed. */
const DICTIONARIES_MAX = 4;

/** Where nothing has been noted. */
export const UNKNOWN = -1;

/** What has been found out about each string of the dictionaries met last, by its id: once for a string, however many rows have it. */
export class IdTable {
  /** The oldest makes room. */
  readonly #known = new Map<Dictionary, Int32Array<ArrayBuffer>>();
  #last: Dictionary | undefined;
  #ofLast = new Int32Array(0);

  /** One number an id, `UNKNOWN` at first, to be filled in by the caller; it reaches at least as far as the dictionary does now. */
  of(dictionary: Dictionary): Int32Array {
    if (dictionary !== this.#last || this.#ofLast.length < dictionary.strings.length) {
      this.#ofLast = this.#find(dictionary);
      this.#last = dictionary;
    }
    return this.#ofLast;
  }

  clear(): void {
    this.#known.clear();
    this.#last = undefined;
  }

  #find(dictionary: Dictionary): Int32Array<ArrayBuffer> {
    const size = dictionary.strings.length;
    const known = this.#known.get(dictionary);
    if (known !== undefined && size <= known.length) return known;
    const [oldest] = this.#known.keys();
    if (known === undefined && oldest !== undefined && DICTIONARIES_MAX <= this.#known.size) this.#known.delete(oldest);
    const grown = new Int32Array(known === undefined ? size : 2 * size).fill(UNKNOWN);
    if (known !== undefined) grown.set(known);
    this.#known.set(dictionary, grown);
    return grown;
  }
}
