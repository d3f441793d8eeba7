import { assert } from "../lib/assert.ts";
import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import type { KeyId } from "../data/key.ts";
import { keyGroupOf } from "../state/key-groups.ts";
import type { ChangeTracker, ComponentRegistry, KeyedComponent, Namespace } from "../state/keyed-state.ts";
import { keysInOrder, slotsInOrder } from "./firing-order.ts";
import type { FiredGroups } from "./fired-groups.ts";
import { FiringMarks, isMark, TO_DROP, TO_FIRE, type VisitMark } from "./firing-marks.ts";
import {
  endOfLastSlices,
  paneFormat,
  type PanesOptions,
  readPane,
  type SliceLayout,
  SliceSum,
  sliceStartOf,
  spanOf,
  spanText,
  type StoredPane,
  windowsOfSlice,
  writePane,
} from "./pane-layout.ts";
import { PaneTable } from "./pane-table.ts";
import type { PaneFunction, Panes } from "./panes.ts";
import { compareWindows, TimeWindow } from "./time-window.ts";
import { WindowMap } from "./window-map.ts";
import { WindowSchedule } from "./window-schedule.ts";

export interface HeapPanesOptions<T, Contents> extends PanesOptions<T, Contents> {
  /** Where the panes become part of snapshots. */
  readonly registry: ComponentRegistry;
  /** The position of the first new pane, where others have been counted before; 0 by default. */
  readonly nextPosition?: number | undefined;
}

/** So many accumulators of a table that is gone may stay until its memory is used again. */
const ACCUMULATORS_KEPT_MAX = 16_384;

/** The panes of a window in the order in which they fire: slots in the table of the window, or keys where it has slices. */
type PaneOrder<Contents> =
  | { readonly table: PaneTable<Contents>; readonly slots: Uint32Array }
  | { readonly table: undefined; readonly keys: readonly KeyId[] };

/** A window that fires: its panes are looked for and put in order when its turn comes. */
interface FiringWindow<Contents> {
  readonly window: TimeWindow;
  /** The keys that fire where a restored firing has only some of them left. */
  readonly only: ReadonlySet<KeyId> | undefined;
  order: PaneOrder<Contents> | undefined;
  firedCount: number;
}

/**
 * Panes on the heap, window by window: a table of keys for each window or slice, and for each window one deadline
 * that all its panes share. A record costs one look-up where it falls into the window of the record before, and one
 * more where not.
 *
 * Invariant: all panes of a window have fired, or none has, apart from the window at which a `fireDue` has stopped, and from key groups that were restored further.
 */
export class HeapPanes<T, Contents> implements Panes<T, Contents>, KeyedComponent {
  readonly name = "panes";
  readonly format: string;
  readonly #options: HeapPanesOptions<T, Contents>;
  readonly #contents: PaneFunction<T, Contents>;
  readonly #slices: SliceLayout | undefined;
  readonly #maxParallelism: number;
  /** Invariant: no table is empty. */
  readonly #tables = new WindowMap<PaneTable<Contents>>();
  readonly #schedule: WindowSchedule;
  readonly #marks = new FiringMarks();
  /** Key groups that had got further when they were restored, until the rest has. */
  #further: FiredGroups | undefined;
  /** What restored keys had still to drop, by window. */
  readonly #leftToDrop = new Map<Namespace, { readonly window: TimeWindow; readonly keys: Set<KeyId> }>();
  readonly #tracker: ChangeTracker;
  /** The table of the last record: most records follow one of their window. */
  #last: PaneTable<Contents> | undefined;
  /** The two windows that were met last, each with its table: records of one cell come with the same object, and out of order they go to and fro. */
  #window: TimeWindow | undefined;
  #ofWindow: PaneTable<Contents> | undefined;
  #otherWindow: TimeWindow | undefined;
  #ofOtherWindow: PaneTable<Contents> | undefined;
  /** The table that went last, for its memory. */
  #spare: PaneTable<Contents> | undefined;
  #size = 0;
  #nextPosition = 0;
  /** Windows that are due, in the order in which they fire; those before `#firingIndex` have fired. */
  #firing: FiringWindow<Contents>[] = [];
  #firingIndex = 0;
  /** The time of the `fireDue` that stopped. */
  #firingTime = -Infinity;

  constructor(options: HeapPanesOptions<T, Contents>) {
    this.format = paneFormat(options);
    this.#options = options;
    this.#contents = options.contents;
    this.#slices = options.slices;
    this.#maxParallelism = options.registry.maxParallelism;
    this.#nextPosition = options.nextPosition ?? 0;
    this.#schedule = new WindowSchedule(options.deadlines);
    this.#tracker = options.registry.register(this);
  }

  get size(): number {
    return this.#size;
  }

  add(key: KeyId, windows: readonly TimeWindow[], record: T, timestamp: number, firedUntil: number): void {
    if (this.#slices !== undefined) {
      this.#addTo(this.#sliceFor(this.#slices, windows, timestamp, firedUntil), key, record, timestamp);
      // A key whose key group has got further opens a slice with fewer windows than others need.
      if (this.#further !== undefined) for (const window of windows) this.#schedule.add(window, firedUntil);
      return;
    }
    for (let index = 0; index < windows.length; index += 1) {
      this.#addTo(this.#tableFor(windows[index]!, firedUntil), key, record, timestamp);
    }
  }

  read(key: KeyId, window: TimeWindow): Contents | undefined {
    if (this.#slices === undefined) {
      const table = this.#tables.get(window.start, window.end);
      return table?.contents[table.slotOf(key)];
    }
    const sum = new SliceSum(this.#contents, key);
    for (const table of this.#tablesBetween(window.start, window.end)) {
      const contents = table.contents[table.slotOf(key)];
      if (contents !== undefined) sum.add(contents);
    }
    return sum.total;
  }

  merge(key: KeyId, target: TimeWindow, sources: readonly TimeWindow[], firedUntil: number): void {
    const { merge } = this.#contents;
    assert(merge !== undefined && this.#slices === undefined, "windows merge where their contents can, and are not sliced");
    let merged: Contents | undefined;
    let position = Infinity;
    for (const source of sources) {
      const table = this.#tables.get(source.start, source.end);
      const slot = table?.slotOf(key) ?? 0;
      if (table === undefined || slot === 0) continue;
      const contents = table.contents[slot]!;
      position = Math.min(position, table.positions[slot]!);
      this.#delete(table, slot);
      this.#tracker.changed(key, table.text);
      if (table.size === 0) this.#removeTable(table, source);
      merged = merged === undefined ? contents : merge(merged, contents);
    }
    if (merged === undefined) return;
    const table = this.#tableFor(target, firedUntil);
    assert(table.slotOf(key) === 0, "a pane that others are merged into is one of them, or new");
    this.#report(table, this.#put(table, key, position, merged));
  }

  nextDeadline(): number {
    if (0 < this.#leftToDrop.size) return -Infinity;
    const firing = this.#firing[this.#firingIndex];
    const next = this.#schedule.nextDeadline();
    return firing === undefined ? next : Math.min(next, this.#options.deadlines.fireTime(firing.window));
  }

  fireDue(time: number, each: (key: KeyId, window: TimeWindow, contents: Contents) => void, mayContinue: () => boolean): boolean {
    this.#firingTime = time;
    this.#takeDue(time);
    for (; this.#firingIndex < this.#firing.length; this.#firingIndex += 1) {
      if (!this.#fireWindow(this.#firing[this.#firingIndex]!, each, mayContinue)) return false;
    }
    this.#firing = [];
    this.#firingIndex = 0;
    return true;
  }

  dropDue(time: number, each: ((key: KeyId, window: TimeWindow) => void) | undefined): void {
    assert(this.#firing.length === 0, "panes are dropped when nothing is left to fire");
    if (0 < this.#leftToDrop.size) this.#dropLeft(each);
    for (const window of this.#schedule.takeDrops(time)) {
      if (each !== undefined) for (const key of this.#keysToDrop(window)) each(key, window);
      const end = this.#slices === undefined ? window.end : endOfLastSlices(this.#slices, window);
      for (const table of this.#tablesBetween(window.start, end)) {
        if (this.#tracker.isIdle !== true) table.forEach((slot) => this.#tracker.changed(table.keys[slot]!, table.text));
        this.#size -= table.size;
        this.#forget(table);
      }
    }
    if (this.#further !== undefined && this.#further.most <= time) this.#further = undefined;
  }

  resumeFrom(firedUntil: number, further?: FiredGroups): void {
    this.#further = further;
    for (const table of this.#tables) {
      const { start, end } = table;
      if (this.#slices !== undefined) this.#resumeSlice(this.#slices, start, firedUntil);
      else {
        const window = new TimeWindow(start, end);
        this.#schedule.add(window, firedUntil);
        if (further !== undefined) table.forEach((slot) => this.#isLeftToDrop(table.keys[slot]!, window, firedUntil));
      }
    }
    const toFire = new Map<Namespace, Set<KeyId>>();
    this.#marks.forEach((key, text, mark) => {
      const window = spanOf(text);
      if (this.#slices !== undefined && !this.#isLeftToDrop(key, window, firedUntil)) this.#schedule.add(window, firedUntil);
      if (mark !== TO_FIRE) return;
      if (!this.#holds(key, window)) throw corrupt(`the window ${window} is marked, but holds nothing`);
      const keys = toFire.get(text) ?? new Set();
      toFire.set(text, keys.add(key));
    });
    for (const [text, only] of toFire) this.#firing.push({ window: spanOf(text), only, order: undefined, firedCount: 0 });
    this.#firing.sort(byWindow);
    this.#firingTime = firedUntil;
  }

  forEachAddress(visit: (key: KeyId, namespace: Namespace) => void): void {
    for (const table of this.#tables) {
      table.forEach((slot) => visit(table.keys[slot]!, table.text));
    }
    this.#marks.forEachAddress(visit);
  }

  writeEntry(key: KeyId, namespace: Namespace, writer: ByteWriter): boolean {
    if (isMark(namespace)) return this.#marks.write(key, namespace, writer);
    const table = this.#tableAt(namespace);
    const slot = table?.slotOf(key) ?? 0;
    if (table === undefined || slot === 0) return false;
    writePane(writer, { position: table.positions[slot]!, contents: table.contents[slot]! }, this.#options.contentsType);
    return true;
  }

  restoreEntry(key: KeyId, namespace: Namespace, reader: ByteReader): void {
    if (isMark(namespace)) this.#marks.restore(key, namespace, reader);
    else this.restorePane(key, namespace, readPane(reader, this.#options.contentsType));
  }

  /** A mark, and a pane, as `restoreEntry` reads them. */
  restoreMark(key: KeyId, namespace: Namespace, mark: number): void {
    this.#marks.put(key, namespace, mark);
  }

  restorePane(key: KeyId, namespace: Namespace, { position, contents }: StoredPane<Contents>): void {
    let table = this.#tableAt(namespace);
    if (table === undefined) {
      const { start, end } = spanOf(namespace);
      table = this.#newTable(start, end);
    }
    const slot = table.slotOf(key);
    if (slot === 0) this.#put(table, key, position, contents);
    else table.replace(slot, position, contents);
    table.forgetReports();
    this.#nextPosition = Math.max(this.#nextPosition, position + 1);
  }

  removeRestored(key: KeyId, namespace: Namespace): void {
    if (isMark(namespace)) return this.#marks.remove(key, namespace);
    const table = this.#tableAt(namespace);
    const slot = table?.slotOf(key) ?? 0;
    if (table === undefined || slot === 0) return;
    this.#delete(table, slot);
    if (table.size === 0) this.#forget(table);
  }

  prepareSnapshot(): void {
    this.#marks.replace((visit) => this.#collectMarks(visit), this.#tracker);
  }

  heldObjects(): readonly object[] {
    return [...this.#tables];
  }

  #addTo(table: PaneTable<Contents>, key: KeyId, record: T, timestamp: number): void {
    const slot = table.slotOf(key);
    const contents = table.contents[slot];
    if (contents === undefined) {
      this.#create(table, key, record, timestamp);
      return;
    }
    const added = this.#contents.add(contents, record, timestamp);
    // Most functions change what they are given: a store that changes nothing would cost as much as one that does.
    if (added !== contents) table.contents[slot] = added;
    if (table.isToReport(slot, this.#tracker.interval)) this.#report(table, slot);
  }

  #create(table: PaneTable<Contents>, key: KeyId, record: T, timestamp: number): void {
    const slot = this.#put(table, key, this.#nextPosition, this.#contents.create(record, timestamp));
    this.#nextPosition += 1;
    this.#report(table, slot);
  }

  #report(table: PaneTable<Contents>, slot: number): void {
    table.report(slot, this.#tracker.interval);
    this.#tracker.changed(table.keys[slot]!, table.text);
  }

  #put(table: PaneTable<Contents>, key: KeyId, position: number, contents: Contents): number {
    this.#size += 1;
    return table.add(key, keyGroupOf(key, this.#maxParallelism), position, contents);
  }

  #delete(table: PaneTable<Contents>, slot: number): void {
    table.delete(slot);
    this.#size -= 1;
  }

  #tableFor(window: TimeWindow, firedUntil: number): PaneTable<Contents> {
    if (window === this.#window) return this.#ofWindow!;
    if (window === this.#otherWindow) return this.#ofOtherWindow!;
    const { start, end } = window;
    let table = this.#tables.get(start, end);
    if (table === undefined) {
      table = this.#newTable(start, end);
      this.#schedule.add(window, firedUntil);
    }
    this.#last = table;
    this.#otherWindow = this.#window;
    this.#ofOtherWindow = this.#ofWindow;
    this.#window = window;
    this.#ofWindow = table;
    return table;
  }

  /** The windows of a slice that is there are scheduled: those that are not dropped only become fewer. */
  #sliceFor(layout: SliceLayout, windows: readonly TimeWindow[], timestamp: number, firedUntil: number): PaneTable<Contents> {
    const last = this.#last;
    if (last !== undefined && last.start <= timestamp && timestamp < last.end) return last;
    const start = sliceStartOf(layout, timestamp);
    let table = this.#tables.get(start, start + layout.sliceMs);
    if (table === undefined) {
      table = this.#newTable(start, start + layout.sliceMs);
      for (const window of windows) this.#schedule.add(window, firedUntil);
    }
    this.#last = table;
    return table;
  }

  #newTable(start: number, end: number): PaneTable<Contents> {
    const table = new PaneTable<Contents>(start, end, this.#last, this.#spare);
    this.#spare = undefined;
    this.#tables.add(table);
    return table;
  }

  #removeTable(table: PaneTable<Contents>, window: TimeWindow): void {
    this.#forget(table);
    this.#schedule.remove(window);
  }

  #forget(table: PaneTable<Contents>): void {
    this.#tables.remove(table);
    this.#keep(table);
    if (this.#last === table) this.#last = undefined;
    if (this.#ofWindow === table) this.#window = this.#ofWindow = undefined;
    if (this.#ofOtherWindow === table) this.#otherWindow = this.#ofOtherWindow = undefined;
  }

  /** The memory of a table is used again; without any other table, nobody knows when. */
  #keep(table: PaneTable<Contents>): void {
    if (this.#tables.size === 0) this.#spare = undefined;
    else if (table.isSpare) {
      this.#spare = table;
      // Some accumulators had better stay a while: V8 then finds that most of them live long, and makes the next ones side by side where they can stay, which halves
      // what it costs to get at one. Where there are many they live long enough by themselves; and records may be large.
      if (this.#contents.kind !== "aggregate" || ACCUMULATORS_KEPT_MAX < table.slotsEnd) table.clear();
    }
  }

  /** A namespace of a snapshot. Entries of one table come one after the other. */
  #tableAt(namespace: Namespace): PaneTable<Contents> | undefined {
    if (this.#last?.text === namespace) return this.#last;
    const { start, end } = spanOf(namespace);
    const table = this.#tables.get(start, end);
    if (table !== undefined) this.#last = table;
    return table;
  }

  /** The tables within a span, ascending by start: the one of a window, or its slices. */
  #tablesBetween(start: number, end: number): PaneTable<Contents>[] {
    const tables: PaneTable<Contents>[] = [];
    if (this.#slices === undefined) {
      const table = this.#tables.get(start, end);
      if (table !== undefined) tables.push(table);
      return tables;
    }
    const { sliceMs } = this.#slices;
    for (let sliceStart = start; sliceStart < end; sliceStart += sliceMs) {
      const table = this.#tables.get(sliceStart, sliceStart + sliceMs);
      if (table !== undefined) tables.push(table);
    }
    return tables;
  }

  #orderOf(window: TimeWindow): PaneOrder<Contents> {
    const tables = this.#tablesBetween(window.start, window.end);
    if (this.#slices !== undefined) return { table: undefined, keys: keysInOrder(tables, this.#maxParallelism) };
    const [table] = tables;
    return table === undefined ? { table, keys: [] } : { table, slots: slotsInOrder(table, this.#maxParallelism) };
  }

  /** What is left of it where a restored firing goes on, or some of its key groups have fired already. */
  #firingOrderOf({ window, only }: FiringWindow<Contents>): PaneOrder<Contents> {
    const order = this.#orderOf(window);
    const further = this.#further;
    if (only === undefined && further === undefined) return order;
    const fireTime = this.#options.deadlines.fireTime(window);
    const isLeft = (key: KeyId): boolean => (only === undefined ? further?.haveReached(key, fireTime) !== true : only.has(key));
    if (order.table === undefined) return { table: undefined, keys: order.keys.filter(isLeft) };
    const { table, slots } = order;
    return { table, slots: slots.filter((slot) => isLeft(table.keys[slot]!)) };
  }

  /** Those that have not dropped it already, as key groups that were restored further may have. */
  #keysToDrop(window: TimeWindow): readonly KeyId[] {
    const keys = keysOf(this.#orderOf(window));
    const further = this.#further;
    return further === undefined ? keys : keys.filter((key) => !further.haveReached(key, this.#options.deadlines.dropTime(window)));
  }

  /** Whether the window of a restored key was to be dropped already: then it is as soon as what was left to fire has. Other keys may not have it, or not yet. */
  #isLeftToDrop(key: KeyId, window: TimeWindow, firedUntil: number): boolean {
    if ((this.#further?.of(key) ?? firedUntil) < this.#options.deadlines.dropTime(window)) return false;
    const text = spanText(window.start, window.end);
    const left = this.#leftToDrop.get(text) ?? { window, keys: new Set() };
    left.keys.add(key);
    this.#leftToDrop.set(text, left);
    return true;
  }

  #dropLeft(each: ((key: KeyId, window: TimeWindow) => void) | undefined): void {
    const left = [...this.#leftToDrop.values()].sort((a, b) => compareWindows(a.window, b.window));
    this.#leftToDrop.clear();
    for (const { window, keys } of left) {
      for (const key of keysOf(this.#orderOf(window))) if (keys.has(key)) each?.(key, window);
      const end = this.#slices === undefined ? window.end : endOfLastSlices(this.#slices, window);
      for (const table of this.#tablesBetween(window.start, end)) {
        for (const key of keys) this.#removePane(table, key);
        if (table.size === 0) this.#forget(table);
      }
    }
  }

  #removePane(table: PaneTable<Contents>, key: KeyId): void {
    const slot = table.slotOf(key);
    if (slot === 0) return;
    this.#delete(table, slot);
    this.#tracker.changed(key, table.text);
  }

  #holds(key: KeyId, window: TimeWindow): boolean {
    return this.#tablesBetween(window.start, window.end).some((table) => table.slotOf(key) !== 0);
  }

  #takeDue(time: number): void {
    const due = this.#schedule.takeFires(time);
    if (due.length === 0) return;
    const firing = this.#firing.slice(this.#firingIndex);
    for (const window of due) firing.push({ window, only: undefined, order: undefined, firedCount: 0 });
    this.#firing = firing.sort(byWindow);
    this.#firingIndex = 0;
  }

  #fireWindow(
    firing: FiringWindow<Contents>,
    each: (key: KeyId, window: TimeWindow, contents: Contents) => void,
    mayContinue: () => boolean,
  ): boolean {
    const { window } = firing;
    const order = (firing.order ??= this.#firingOrderOf(firing));
    const count = order.table === undefined ? order.keys.length : order.slots.length;
    while (firing.firedCount < count) {
      if (!mayContinue()) return false;
      const index = firing.firedCount;
      firing.firedCount += 1;
      const key = order.table === undefined ? order.keys[index]! : order.table.keys[order.slots[index]!]!;
      const contents = order.table === undefined ? this.read(key, window) : order.table.contents[order.slots[index]!];
      assert(contents !== undefined, "a pane that fires has contents");
      each(key, window, contents);
    }
    return true;
  }

  #resumeSlice(layout: SliceLayout, start: number, firedUntil: number): void {
    // What was dropped before is told from what is still to be dropped by marks alone: the slices outlive both.
    for (const window of windowsOfSlice(layout, start)) {
      if (firedUntil < this.#options.deadlines.dropTime(window)) this.#schedule.add(window, firedUntil);
    }
  }

  #collectMarks(visit: VisitMark): void {
    const firing = this.#firing.slice(this.#firingIndex);
    if (firing.length === 0 && this.#leftToDrop.size === 0) return;
    // Without slices a pane that is there is still to be dropped, and needs no mark for it.
    if (this.#slices !== undefined) {
      for (const window of this.#schedule.dropsUntil(this.#firingTime)) {
        const text = spanText(window.start, window.end);
        for (const key of this.#keysToDrop(window)) visit(key, text, TO_DROP);
      }
      for (const [text, { keys }] of this.#leftToDrop) for (const key of keys) visit(key, text, TO_DROP);
    }
    for (const each of firing) {
      const { window, order = this.#firingOrderOf(each), firedCount } = each;
      const text = spanText(window.start, window.end);
      for (const key of keysOf(order).slice(firedCount)) visit(key, text, TO_FIRE);
    }
  }
}

function keysOf(order: PaneOrder<unknown>): readonly KeyId[] {
  const { table } = order;
  return table === undefined ? order.keys : Array.from(order.slots, (slot) => table.keys[slot]!);
}

function byWindow(a: FiringWindow<unknown>, b: FiringWindow<unknown>): number {
  return compareWindows(a.window, b.window);
}
