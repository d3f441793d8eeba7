import { Dictionary } from "../data/dictionary.ts";
import { JobError } from "../lib/errors.ts";

/**
 * Strings of input that is dictionary-encoded already: each row has the number of its string. One dictionary serves many
 * batches, and nothing looks at a string again.
 *
 * ```ts
 * const rooms = new StringDictionary(["hall", "attic"]);
 * output.collectColumns(encoder.encode({ room: rooms.arrayOf(Int32Array.of(0, 1, 0)) }));
 * ```
 */
export class StringDictionary {
  readonly #dictionary = new Dictionary(this, 0);

  /** Equal strings should stand in it once: those that stand twice are found to be equal one by one. */
  constructor(strings: Iterable<string>) {
    for (const text of strings) this.#dictionary.append(text);
  }

  /**
   * A column of the strings with these numbers. The array is used as it is and must not change.
   * @throws JobError INVALID_ARGUMENT where a number has no string
   */
  arrayOf(ids: Int32Array): DictionaryArray {
    const { length } = this.#dictionary.strings;
    for (let row = 0; row < ids.length; row += 1) {
      // A negative number is a large one without its sign.
      if (ids[row]! >>> 0 < length) continue;
      throw new JobError("INVALID_ARGUMENT", `a dictionary of ${length} strings has none with the number ${ids[row]} (row ${row})`);
    }
    return new DictionaryArray(ids, this.#dictionary);
  }
}

/** A column of strings by their numbers; `StringDictionary` makes it. */
export class DictionaryArray {
  readonly ids: Int32Array;
  readonly dictionary: Dictionary;

  constructor(ids: Int32Array, dictionary: Dictionary) {
    this.ids = ids;
    this.dictionary = dictionary;
  }

  get length(): number {
    return this.ids.length;
  }
}
