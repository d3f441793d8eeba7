/** A generation that has reached either bound is the last of its ids: the next batch starts a new one. */
export const DICTIONARY_STRINGS_MAX = 65_536;
export const DICTIONARY_UNITS_MAX = 1_048_576;

/**
 * Strings by number. An id means something only together with its dictionary, and a dictionary is known by its owner and its
 * generation: there is one object for each such pair, so that comparing references is enough.
 *
 * Invariant: append-only. Batches made earlier share the dictionary while it grows, and their ids stay what they were.
 */
export class Dictionary {
  /** Who gives out the ids: a builder's column, or one column of one channel. Compared by reference. */
  readonly owner: object;
  /** Counts the dictionaries of the owner. */
  readonly generation: number;
  readonly #strings: string[] = [];
  #units = 0;

  constructor(owner: object, generation: number) {
    this.owner = owner;
    this.generation = generation;
  }

  /** The string of each id. The same array for as long as the dictionary lives. */
  get strings(): readonly string[] {
    return this.#strings;
  }

  get isFull(): boolean {
    return DICTIONARY_STRINGS_MAX <= this.#strings.length || DICTIONARY_UNITS_MAX <= this.#units;
  }

  /** Gives the next id to a string. Whether it has one already is for the caller to know. */
  append(text: string): number {
    this.#units += text.length;
    return this.#strings.push(text) - 1;
  }
}

/** Gives equal strings equal ids, in dictionaries that do not grow without bound. */
export class StringInterner {
  /** The generation at hand. */
  dictionary: Dictionary;
  readonly #ids = new Map<string, number>();
  #lookups = 0;

  constructor() {
    this.dictionary = new Dictionary(this, 0);
  }

  /** A dictionary that has grown full is left to the batches that have it. */
  startBatch(): void {
    if (this.dictionary.isFull) this.startGeneration();
  }

  startGeneration(): void {
    this.dictionary = new Dictionary(this, this.dictionary.generation + 1);
    this.#ids.clear();
    this.#lookups = 0;
  }

  /** Whether strings come at least twice on average: otherwise numbering them costs more than it gains. */
  get pays(): boolean {
    return 2 * this.dictionary.strings.length <= this.#lookups;
  }

  idOf(text: string): number {
    this.#lookups += 1;
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.dictionary.append(text);
    this.#ids.set(text, id);
    return id;
  }
}
