import type { KeyId } from "../data/key.ts";
import { KeyIndex } from "../data/key-index.ts";
import type { Namespace } from "../state/keyed-state.ts";
import { spanText } from "./pane-layout.ts";
import type { Spanned } from "./window-map.ts";

/** Older than every interval. */
const NEVER = -1;
const SLOTS_MIN = 8;
/** With so many slots, those of a like table probably follow. */
const LIKE_FROM = 1_024;
/** With more, memory that is used again would be mostly empty. */
const SLOTS_PER_PANE_MAX = 4;

/**
 * The panes of all keys in one window or slice, each by its slot. Slots are given in the order in which panes come; a pane that goes leaves its slot empty.
 *
 * Most of what a record costs here is waiting for memory: that of its pane is four bytes to find the slot, and eight to find the contents.
 */
export class PaneTable<Contents> implements Spanned {
  readonly start: number;
  readonly end: number;
  /** The address of its panes in snapshots. */
  readonly text: Namespace;
  /** By slot. Slot 0 is nobody's, so that a key without a slot has no contents, and so that it holds things of every kind from the beginning. */
  readonly contents: (Contents | undefined)[];
  /** By slot, as what follows. */
  readonly keys: KeyId[];
  groups: Uint16Array;
  positions: Float64Array;
  /** Slots from here on have not been given. */
  slotsEnd = 1;
  readonly #sizeOfLike: number;
  readonly #slots: KeyIndex;
  /** The tracker's interval in which panes were last reported. */
  #interval = NEVER;
  /** Slots from here on were given, and reported, in that interval. */
  #olderEnd = 0;
  /** Of slots below, 1 where the pane was reported in that interval. */
  #reported: Uint8Array = new Uint8Array(0);

  /**
   * @param like a table that probably has the same keys
   * @param spare one that nobody needs any more: this one takes its memory
   */
  constructor(start: number, end: number, like: PaneTable<Contents> | undefined, spare: PaneTable<Contents> | undefined) {
    this.start = start;
    this.end = end;
    this.text = spanText(start, end);
    spare?.clear();
    this.contents = spare?.contents ?? new Array<Contents | undefined>(SLOTS_MIN).fill(undefined);
    this.keys = spare?.keys ?? new Array<KeyId>(SLOTS_MIN).fill(0);
    this.groups = spare?.groups ?? new Uint16Array(SLOTS_MIN);
    this.positions = spare?.positions ?? new Float64Array(SLOTS_MIN);
    this.#sizeOfLike = like === undefined ? 0 : like.size;
    this.#slots = new KeyIndex(like === undefined ? undefined : like.#slots);
  }

  get size(): number {
    return this.#slots.size;
  }

  /** Whether its memory suits another table with as many panes. */
  get isSpare(): boolean {
    return this.groups.length <= SLOTS_PER_PANE_MAX * this.slotsEnd;
  }

  /** Lets go of all contents. Nobody needs the table any more. */
  clear(): void {
    this.contents.fill(undefined, 0, this.slotsEnd);
    this.slotsEnd = 1;
  }

  /** 0 where the key has no pane. */
  slotOf(key: KeyId): number {
    return this.#slots.get(key);
  }

  /** Adds a pane of a key that has none. */
  add(key: KeyId, group: number, position: number, contents: Contents): number {
    const slot = this.slotsEnd;
    if (slot === this.groups.length) this.#grow();
    this.slotsEnd += 1;
    this.contents[slot] = contents;
    this.keys[slot] = key;
    this.groups[slot] = group;
    this.positions[slot] = position;
    this.#slots.set(key, slot);
    return slot;
  }

  #grow(): void {
    const { groups, positions } = this;
    const wanted = LIKE_FROM <= groups.length ? this.#sizeOfLike + 1 : 0;
    const count = Math.max(2 * groups.length, wanted);
    this.groups = new Uint16Array(count);
    this.groups.set(groups);
    this.positions = new Float64Array(count);
    this.positions.set(positions);
    // The memory of all of them at once, in place of copies as they grow.
    this.contents.length = count;
    this.keys.length = count;
  }

  /** Puts another pane in the place of one that is there. */
  replace(slot: number, position: number, contents: Contents): void {
    this.contents[slot] = contents;
    this.positions[slot] = position;
  }

  delete(slot: number): void {
    this.contents[slot] = undefined;
    this.#slots.delete(this.keys[slot]!);
  }

  /** In the order in which they came. */
  forEach(visit: (slot: number) => void): void {
    for (let slot = 1; slot < this.slotsEnd; slot += 1) if (this.contents[slot] !== undefined) visit(slot);
  }

  /** Whether the change of a pane, which need be reported once an interval, is still to be. */
  isToReport(slot: number, interval: number): boolean {
    return this.#interval !== interval || (slot < this.#olderEnd && this.#reported[slot] === 0);
  }

  /** Snapshots know of no pane here what it has become: the change of each is to be reported. */
  forgetReports(): void {
    this.#interval = NEVER;
  }

  /** The change of a pane is reported. */
  report(slot: number, interval: number): void {
    if (this.#interval !== interval) {
      this.#interval = interval;
      this.#olderEnd = slot === this.slotsEnd - 1 ? slot : this.slotsEnd;
      this.#reported = new Uint8Array(this.#olderEnd);
    }
    if (slot < this.#olderEnd) this.#reported[slot] = 1;
  }
}
