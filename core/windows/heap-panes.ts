import { assert } from "../lib/assert.ts";
import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import type { KeyId } from "../data/key.ts";
import { keyGroupOf } from "../state/key-groups.ts";
import type { ChangeTracker, ComponentRegistry, KeyedComponent, Namespace } from "../state/keyed-state.ts";
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
  windowsOfSlice,
  writePane,
} from "./pane-layout.ts";
import { type HeapPane, inFiringOrder, PaneTable } from "./pane-table.ts";
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

/** A window that fires: its panes are looked for and put in order when its turn comes. */
interface FiringWindow<Contents> {
  readonly window: TimeWindow;
  /** In the order in which they fire. */
  panes: readonly HeapPane<Contents>[] | undefined;
  firedCount: number;
}

/** Older than every interval. */
const NEVER = -1;

/**
 * Panes on the heap, window by window: a table of keys for each window or slice, and for each window one deadline
 * that all its panes share. A record costs one look-up where it falls into the window of the record before, and one
 * more where not.
 *
 * Invariant: all panes of a window have fired, or none has, apart from the window at which a `fireDue` has stopped.
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
  readonly #tracker: ChangeTracker;
  /** The table of the last record: most records follow one of their window. */
  #last: PaneTable<Contents> | undefined;
  /** The window that was asked for last, and its table: records of one cell come with the same object. */
  #lastWindow: TimeWindow | undefined;
  #ofLastWindow: PaneTable<Contents> | undefined;
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
      return;
    }
    for (let index = 0; index < windows.length; index += 1) {
      this.#addTo(this.#tableFor(windows[index]!, firedUntil), key, record, timestamp);
    }
  }

  read(key: KeyId, window: TimeWindow): Contents | undefined {
    if (this.#slices === undefined) return this.#tables.get(window.start, window.end)?.get(key)?.contents;
    const sum = new SliceSum(this.#contents, key);
    for (const table of this.#tablesBetween(window.start, window.end)) {
      const pane = table.get(key);
      if (pane !== undefined) sum.add(pane.contents);
    }
    return sum.total;
  }

  merge(key: KeyId, target: TimeWindow, sources: readonly TimeWindow[], firedUntil: number): void {
    const { merge } = this.#contents;
    assert(merge !== undefined && this.#slices === undefined, "windows merge where their contents can, and are not sliced");
    let merged: HeapPane<Contents> | undefined;
    for (const source of sources) {
      const table = this.#tables.get(source.start, source.end);
      const pane = table?.get(key);
      if (table === undefined || pane === undefined) continue;
      this.#remove(table, pane);
      if (table.size === 0) this.#removeTable(table, source);
      if (merged === undefined) merged = pane;
      else {
        merged.contents = merge(merged.contents, pane.contents);
        merged.position = Math.min(merged.position, pane.position);
      }
    }
    if (merged === undefined) return;
    const table = this.#tableFor(target, firedUntil);
    assert(table.get(key) === undefined, "a pane that others are merged into is one of them, or new");
    merged.reportedIn = NEVER;
    this.#put(table, merged);
    this.#report(table, merged);
  }

  nextDeadline(): number {
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
    for (const window of this.#schedule.takeDrops(time)) {
      if (each !== undefined) for (const pane of this.#panesOf(window)) each(pane.key, window);
      const end = this.#slices === undefined ? window.end : endOfLastSlices(this.#slices, window);
      for (const table of this.#tablesBetween(window.start, end)) {
        if (this.#tracker.isIdle !== true) for (const pane of table.panes()) this.#tracker.changed(pane.key, table.text);
        this.#size -= table.size;
        this.#forget(table);
      }
    }
  }

  resumeFrom(firedUntil: number): void {
    for (const { start, end } of this.#tables) {
      if (this.#slices === undefined) this.#schedule.add(new TimeWindow(start, end), firedUntil);
      else this.#resumeSlice(this.#slices, start, firedUntil);
    }
    const toFire = new Map<Namespace, HeapPane<Contents>[]>();
    this.#marks.forEach((key, text, mark) => {
      const window = spanOf(text);
      if (this.#slices !== undefined) this.#schedule.add(window, firedUntil);
      if (mark !== TO_FIRE) return;
      const panes = toFire.get(text) ?? [];
      toFire.set(text, panes);
      panes.push(this.#firstPane(key, window));
    });
    for (const [text, panes] of toFire) {
      this.#firing.push({ window: spanOf(text), panes: inFiringOrder(panes, this.#maxParallelism), firedCount: 0 });
    }
    this.#firing.sort(byWindow);
    this.#firingTime = firedUntil;
  }

  forEachAddress(visit: (key: KeyId, namespace: Namespace) => void): void {
    for (const table of this.#tables) {
      for (const pane of table.panes()) visit(pane.key, table.text);
    }
    this.#marks.forEachAddress(visit);
  }

  writeEntry(key: KeyId, namespace: Namespace, writer: ByteWriter): boolean {
    if (isMark(namespace)) return this.#marks.write(key, namespace, writer);
    const pane = this.#tableAt(namespace)?.get(key);
    if (pane === undefined) return false;
    writePane(writer, pane, this.#options.contentsType);
    return true;
  }

  restoreEntry(key: KeyId, namespace: Namespace, reader: ByteReader): void {
    if (isMark(namespace)) return this.#marks.restore(key, namespace, reader);
    const { position, contents } = readPane(reader, this.#options.contentsType);
    let table = this.#tableAt(namespace);
    if (table === undefined) {
      const { start, end } = spanOf(namespace);
      table = this.#newTable(start, end);
    }
    if (table.get(key) !== undefined) {
      table.delete(key);
      this.#size -= 1;
    }
    this.#put(table, { contents, reportedIn: NEVER, key, group: keyGroupOf(key, this.#maxParallelism), position });
    this.#nextPosition = Math.max(this.#nextPosition, position + 1);
  }

  removeRestored(key: KeyId, namespace: Namespace): void {
    if (isMark(namespace)) return this.#marks.remove(key, namespace);
    const table = this.#tableAt(namespace);
    if (table?.get(key) === undefined) return;
    table.delete(key);
    this.#size -= 1;
    if (table.size === 0) this.#forget(table);
  }

  prepareSnapshot(): void {
    this.#marks.replace((visit) => this.#collectMarks(visit), this.#tracker);
  }

  heldObjects(): readonly object[] {
    return [...this.#tables].flatMap((table) => [table, ...table.panes()]);
  }

  #addTo(table: PaneTable<Contents>, key: KeyId, record: T, timestamp: number): void {
    const pane = table.get(key);
    if (pane === undefined) {
      this.#create(table, key, record, timestamp);
      return;
    }
    const { contents } = pane;
    const added = this.#contents.add(contents, record, timestamp);
    // Most functions change what they are given: a store that changes nothing would cost as much as one that does.
    if (added !== contents) pane.contents = added;
    if (pane.reportedIn !== this.#tracker.interval) this.#report(table, pane);
  }

  #create(table: PaneTable<Contents>, key: KeyId, record: T, timestamp: number): void {
    const group = keyGroupOf(key, this.#maxParallelism);
    const contents = this.#contents.create(record, timestamp);
    const pane = { contents, reportedIn: NEVER, key, group, position: this.#nextPosition };
    this.#nextPosition += 1;
    this.#put(table, pane);
    this.#report(table, pane);
  }

  #report(table: PaneTable<Contents>, pane: HeapPane<Contents>): void {
    pane.reportedIn = this.#tracker.interval;
    this.#tracker.changed(pane.key, table.text);
  }

  #put(table: PaneTable<Contents>, pane: HeapPane<Contents>): void {
    table.add(pane);
    this.#size += 1;
  }

  #remove(table: PaneTable<Contents>, pane: HeapPane<Contents>): void {
    table.delete(pane.key);
    this.#size -= 1;
    this.#tracker.changed(pane.key, table.text);
  }

  #tableFor(window: TimeWindow, firedUntil: number): PaneTable<Contents> {
    if (window === this.#lastWindow) return this.#ofLastWindow!;
    const { start, end } = window;
    let table = this.#tables.get(start, end);
    if (table === undefined) {
      table = this.#newTable(start, end);
      this.#schedule.add(window, firedUntil);
    }
    this.#last = table;
    this.#lastWindow = window;
    this.#ofLastWindow = table;
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
    const table = new PaneTable<Contents>(start, end, this.#last);
    this.#tables.add(table);
    return table;
  }

  #removeTable(table: PaneTable<Contents>, window: TimeWindow): void {
    this.#forget(table);
    this.#schedule.remove(window);
  }

  #forget(table: PaneTable<Contents>): void {
    this.#tables.remove(table);
    if (this.#last === table) this.#last = undefined;
    if (this.#ofLastWindow === table) this.#lastWindow = undefined;
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

  /** The panes of a window in the order in which they fire; of a key in several slices, the earliest. */
  #panesOf(window: TimeWindow): readonly HeapPane<Contents>[] {
    const tables = this.#tablesBetween(window.start, window.end);
    const [first] = tables;
    if (first === undefined) return [];
    if (tables.length === 1) return inFiringOrder(first.panes().slice(), this.#maxParallelism);
    const firstOfKey = new Map<KeyId, HeapPane<Contents>>();
    for (const table of tables) {
      for (const pane of table.panes()) {
        if (!firstOfKey.has(pane.key)) firstOfKey.set(pane.key, pane);
      }
    }
    return inFiringOrder([...firstOfKey.values()], this.#maxParallelism);
  }

  #firstPane(key: KeyId, window: TimeWindow): HeapPane<Contents> {
    for (const table of this.#tablesBetween(window.start, window.end)) {
      const pane = table.get(key);
      if (pane !== undefined) return pane;
    }
    throw corrupt(`the window ${window} is marked, but holds nothing`);
  }

  #takeDue(time: number): void {
    const due = this.#schedule.takeFires(time);
    if (due.length === 0) return;
    const firing = this.#firing.slice(this.#firingIndex);
    for (const window of due) firing.push({ window, panes: undefined, firedCount: 0 });
    this.#firing = firing.sort(byWindow);
    this.#firingIndex = 0;
  }

  #fireWindow(
    firing: FiringWindow<Contents>,
    each: (key: KeyId, window: TimeWindow, contents: Contents) => void,
    mayContinue: () => boolean,
  ): boolean {
    const { window } = firing;
    const panes = (firing.panes ??= this.#panesOf(window));
    while (firing.firedCount < panes.length) {
      if (!mayContinue()) return false;
      const pane = panes[firing.firedCount]!;
      firing.firedCount += 1;
      const contents = this.#slices === undefined ? pane.contents : this.read(pane.key, window);
      assert(contents !== undefined, "a pane that fires has contents");
      each(pane.key, window, contents);
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
    if (firing.length === 0) return;
    // Without slices a pane that is there is still to be dropped, and needs no mark for it.
    if (this.#slices !== undefined) {
      for (const window of this.#schedule.dropsUntil(this.#firingTime)) {
        const text = spanText(window.start, window.end);
        for (const { key } of this.#panesOf(window)) visit(key, text, TO_DROP);
      }
    }
    for (const { window, panes = this.#panesOf(window), firedCount } of firing) {
      const text = spanText(window.start, window.end);
      for (const { key } of panes.slice(firedCount)) visit(key, text, TO_FIRE);
    }
  }
}

function byWindow<Contents>(a: FiringWindow<Contents>, b: FiringWindow<Contents>): number {
  return compareWindows(a.window, b.window);
}
