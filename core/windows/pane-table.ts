import type { KeyId } from "../data/key.ts";
import { KeyIndex } from "../data/key-index.ts";
import type { Namespace } from "../state/keyed-state.ts";
import { spanText } from "./pane-layout.ts";
import type { Spanned } from "./window-map.ts";

/** Older than every interval. */
const NEVER = -1;

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
  readonly contents: (Contents | undefined)[] = [undefined];
  /** By slot, as what follows. */
  readonly keys: KeyId[] = [0];
  readonly groups: number[] = [0];
  readonly positions: number[] = [0];
  readonly #slots: KeyIndex;
  /** The tracker's interval in which panes were last reported. */
  #interval = NEVER;
  /** Slots from here on were given, and reported, in that interval. */
  #olderEnd = 0;
  /** Of slots below, 1 where the pane was reported in that interval. */
  #reported: Uint8Array = new Uint8Array(0);

  /** @param like a table that probably has the same keys */
  constructor(start: number, end: number, like: PaneTable<Contents> | undefined) {
    this.start = start;
    this.end = end;
    this.text = spanText(start, end);
    this.#slots = new KeyIndex(like === undefined ? undefined : like.#slots);
  }

  get size(): number {
    return this.#slots.size;
  }

  /** 0 where the key has no pane. */
  slotOf(key: KeyId): number {
    return this.#slots.get(key);
  }

  /** Adds a pane of a key that has none. */
  add(key: KeyId, group: number, position: number, contents: Contents): number {
    const slot = this.keys.length;
    this.contents.push(contents);
    this.keys.push(key);
    this.groups.push(group);
    this.positions.push(position);
    this.#slots.set(key, slot);
    return slot;
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
    for (let slot = 1; slot < this.keys.length; slot += 1) if (this.contents[slot] !== undefined) visit(slot);
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
      this.#olderEnd = slot === this.keys.length - 1 ? slot : this.keys.length;
      this.#reported = new Uint8Array(this.#olderEnd);
    }
    if (slot < this.#olderEnd) this.#reported[slot] = 1;
  }
}
