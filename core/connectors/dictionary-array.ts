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
    const row = firstOutside(ids, length);
    if (row < ids.length) throw new JobError("INVALID_ARGUMENT", `a dictionary of ${length} strings has none with the number ${ids[row]} (row ${row})`);
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

/** The row of the first id that is not in [0, length); the number of rows where there is none. */
function firstOutside(ids: Int32Array, length: number): number {
  const last = (length - 1) | 0;
  const end = ids.length & ~3;
  // No branch a row, and four at a time. A number outside is negative, or what is left to the last one is.
  let bits = 0;
  for (let row = 0; row < end; row += 4) {
    const one = ids[row]!;
    const two = ids[row + 1]!;
    const three = ids[row + 2]!;
    const four = ids[row + 3]!;
    bits |= one | (last - one) | two | (last - two) | three | (last - three) | four | (last - four);
  }
  let row = bits < 0 ? 0 : end;
  while (row < ids.length && ids[row]! >>> 0 < length) row += 1;
  return row;
}
