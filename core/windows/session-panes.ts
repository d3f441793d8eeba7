import type { KeyId } from "../data/key.ts";
import { KeyMap } from "../data/key-map.ts";
import { assert } from "../lib/assert.ts";
import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import { tableFormat } from "../state/heap-table.ts";
import { keyGroupOf } from "../state/key-groups.ts";
import { type ChangeTracker, type ComponentRegistry, type KeyedComponent, type Namespace, NO_NAMESPACE } from "../state/keyed-state.ts";
import type { FiredGroups } from "./fired-groups.ts";
import { FiringMarks, isMark, TO_FIRE, type VisitMark } from "./firing-marks.ts";
import type { MergingPanes, MergingPanesOptions, MergingTime } from "./merging-panes.ts";
import { MERGING_WINDOWS } from "./merging-state.ts";
import { MergingWindowSet } from "./merging-window-set.ts";
import { paneFormat, readPane, spanOf, spanText, writePane } from "./pane-layout.ts";
import type { PaneFunction } from "./panes.ts";
import { DUE_AT, END, HAS_CHANGED, HAS_FIRED, IS_THERE, POSITION, SessionRows, START, STRIDE } from "./session-rows.ts";
import { TimeBuckets } from "./time-buckets.ts";
import { TimeWindow } from "./time-window.ts";

export interface SessionPanesOptions<T, Contents> extends MergingPanesOptions<T, Contents> {
  /** Where the panes become part of snapshots. */
  readonly registry: ComponentRegistry;
}

/**
 * Sessions on the heap, key by key: a record finds its key and, mostly, its session right there, which grows in place. It is filed under the first deadline
 * that it had: when that comes it is looked at, and filed again where it has grown meanwhile, so that growing costs nothing.
 *
 * Invariant: the sessions of a key do not touch; the newest is the one that starts last, and knows the others.
 */
export class SessionPanes<T, Contents> implements MergingPanes<T, Contents>, KeyedComponent {
  readonly name = "panes";
  readonly format: string;
  readonly #options: SessionPanesOptions<T, Contents>;
  readonly #contents: PaneFunction<T, Contents>;
  readonly #time: MergingTime;
  readonly #allowedLatenessMs: number;
  readonly #maxParallelism: number;
  /** The newest session of each key. */
  readonly #newest = new KeyMap<number>();
  readonly #rows = new SessionRows<Contents>();
  readonly #deadlines = new TimeBuckets<number>();
  readonly #marks = new FiringMarks();
  readonly #tracker: ChangeTracker;
  readonly #setTracker: ChangeTracker;
  /** Key groups that had got further when they were restored, until the rest has. */
  #further: FiredGroups | undefined;
  /** What the last snapshot holds and is gone. */
  #gone: { readonly key: KeyId; readonly text: Namespace }[] = [];
  #nextPosition = 0;
  /** Sessions that are due, in the order in which they fire; those before `#firedCount` have fired. */
  #toFire: number[] = [];
  #firedCount = 0;
  /** Sessions whose drop time has come, until `dropDue`. */
  #toDrop: number[] = [];

  constructor(options: SessionPanesOptions<T, Contents>) {
    const { contents, time, allowedLatenessMs, registry } = options;
    this.format = paneFormat(options);
    this.#options = options;
    this.#contents = contents;
    this.#time = time;
    this.#allowedLatenessMs = allowedLatenessMs;
    this.#maxParallelism = registry.maxParallelism;
    this.#tracker = registry.register(this);
    this.#setTracker = registry.register(new SessionSpans(this.#newest, (key) => this.#windowsOf(key)));
  }

  get size(): number {
    return this.#rows.size;
  }

  add(key: KeyId, start: number, end: number, record: T, timestamp: number): boolean | TimeWindow {
    const row = this.#newest.get(key);
    if (row === undefined) return this.#create(key, start, end, record, timestamp);
    const { numbers, flags } = this.#rows;
    const at = row * STRIDE;
    const endBefore = numbers[at + END]!;
    if (end < numbers[at + START]! || endBefore < start || this.#touchesOlder(row, start)) {
      return this.#addAnywhere(row, key, start, end, record, timestamp);
    }
    const newEnd = endBefore < end ? end : endBefore;
    if (this.#isTooLate(key, newEnd)) return false;
    const { contents } = this.#rows;
    contents[row] = this.#contents.add(contents[row]!, record, timestamp);
    if (start < numbers[at + START]!) numbers[at + START] = start;
    flags[row]! |= HAS_CHANGED;
    if (endBefore < newEnd) {
      numbers[at + END] = newEnd;
      // Its deadline is looked at when it comes; a session that has fired may have to fire anew before it is dropped.
      if ((flags[row]! & HAS_FIRED) !== 0) this.#schedule(row, this.#time.firedUntil);
    }
    return (flags[row]! & HAS_FIRED) === 0 || this.#windowToFire(row);
  }

  read(key: KeyId, { start, end }: TimeWindow): Contents | undefined {
    const row = this.#rowsOf(key).find((each) => this.#rows.startOf(each) === start && this.#rows.endOf(each) === end);
    return row === undefined ? undefined : this.#rows.contents[row];
  }

  nextDeadline(): number {
    if (0 < this.#toFire.length || 0 < this.#toDrop.length) return -Infinity;
    return this.#deadlines.nextTime();
  }

  fireDue(time: number, each: (key: KeyId, window: TimeWindow, contents: Contents) => void, mayContinue: () => boolean): boolean {
    this.#takeDue(time);
    const { keys, contents } = this.#rows;
    while (this.#firedCount < this.#toFire.length) {
      if (!mayContinue()) return false;
      const row = this.#toFire[this.#firedCount]!;
      this.#firedCount += 1;
      each(keys[row]!, this.#windowAt(row), contents[row]!);
    }
    if (0 < this.#toFire.length) this.#toFire = [];
    this.#firedCount = 0;
    if (this.#further !== undefined && this.#further.most <= time) this.#further = undefined;
    return true;
  }

  dropDue(time: number, each: (key: KeyId, window: TimeWindow) => void): void {
    this.#takeDue(time);
    assert(this.#toFire.length === 0, "sessions are dropped when nothing is left to fire");
    if (this.#toDrop.length === 0) return;
    for (const row of this.#toDrop.sort(this.#byFiringOrder)) {
      each(this.#rows.keys[row]!, this.#windowAt(row));
      this.#remove(row);
    }
    this.#toDrop = [];
  }

  resumeFrom(firedUntil: number, further?: FiredGroups): void {
    this.#further = further;
    for (let row = 0; row < this.#rows.length; row += 1) {
      if (this.#rows.is(row, IS_THERE)) this.#resume(row, firedUntil);
    }
    this.#marks.forEach((key, text, mark) => {
      if (mark !== TO_FIRE) return;
      const row = this.#storedAt(key, text);
      if (row === undefined) throw corrupt(`the window ${text} is marked, but holds nothing`);
      this.#toFire.push(row);
    });
    this.#toFire.sort(this.#byFiringOrder);
  }

  forEachAddress(visit: (key: KeyId, namespace: Namespace) => void): void {
    const { keys, storedAs } = this.#rows;
    for (let row = 0; row < this.#rows.length; row += 1) {
      if (!this.#rows.is(row, IS_THERE)) continue;
      const text = storedAs[row];
      // It has no address before the next snapshot gives it one.
      if (text !== undefined) visit(keys[row]!, text);
    }
    this.#marks.forEachAddress(visit);
  }

  writeEntry(key: KeyId, namespace: Namespace, writer: ByteWriter): boolean {
    if (isMark(namespace)) return this.#marks.write(key, namespace, writer);
    const row = this.#storedAt(key, namespace);
    if (row === undefined) return false;
    writePane(writer, { position: this.#rows.positionOf(row), contents: this.#rows.contents[row]! }, this.#options.contentsType);
    return true;
  }

  restoreEntry(key: KeyId, namespace: Namespace, reader: ByteReader): void {
    if (isMark(namespace)) return this.#marks.restore(key, namespace, reader);
    const { position, contents } = readPane(reader, this.#options.contentsType);
    this.#nextPosition = Math.max(this.#nextPosition, position + 1);
    this.removeRestored(key, namespace);
    const { start, end } = spanOf(namespace);
    const row = this.#rows.add(key, start, end, position, contents);
    this.#enter(key, row);
    this.#rows.storedAs[row] = namespace;
  }

  removeRestored(key: KeyId, namespace: Namespace): void {
    if (isMark(namespace)) return this.#marks.remove(key, namespace);
    const row = this.#storedAt(key, namespace);
    if (row !== undefined) this.#takeOut(row);
  }

  /** Only now does a session get an address: between two snapshots it may have had many. */
  prepareSnapshot(): void {
    for (const { key, text } of this.#gone) this.#reportMoved(key, text);
    this.#gone = [];
    const { keys, storedAs, flags } = this.#rows;
    for (let row = 0; row < this.#rows.length; row += 1) {
      if (!this.#rows.is(row, HAS_CHANGED)) continue;
      flags[row]! &= ~HAS_CHANGED;
      const text = spanText(this.#rows.startOf(row), this.#rows.endOf(row));
      if (text !== storedAs[row]) this.#reportMoved(keys[row]!, storedAs[row]);
      this.#tracker.changed(keys[row]!, text);
      storedAs[row] = text;
    }
    this.#marks.replace((visit) => this.#collectMarks(visit), this.#tracker);
  }

  heldObjects(): readonly object[] {
    const { numbers, flags, keys, contents, storedAs, older } = this.#rows;
    return [numbers, flags, keys, contents, storedAs, older];
  }

  /** A record that falls into no session, one that is not the newest of its key, or several. */
  #addAnywhere(newest: number, key: KeyId, start: number, end: number, record: T, timestamp: number): boolean | TimeWindow {
    const rows = this.#rows.older[newest] ?? [];
    const lastIndex = end < this.#rows.startOf(newest) ? this.#indexBehind(rows, end) - 1 : rows.length;
    const last = lastIndex === rows.length ? newest : rows[lastIndex];
    if (last === undefined || this.#rows.endOf(last) < start) return this.#create(key, start, end, record, timestamp);
    const newEnd = Math.max(end, this.#rows.endOf(last));
    if (this.#isTooLate(key, newEnd)) return false;
    let firstIndex = lastIndex;
    while (0 < firstIndex && start <= this.#rows.endOf(rows[firstIndex - 1]!)) firstIndex -= 1;
    return this.#merge([...rows.slice(firstIndex, lastIndex), last], start, newEnd, record, timestamp);
  }

  #touchesOlder(newest: number, start: number): boolean {
    const last = this.#rows.older[newest]?.at(-1);
    return last !== undefined && start <= this.#rows.endOf(last);
  }

  /** Makes the earliest of them the one that they and the record become part of. */
  #merge(rows: readonly number[], start: number, end: number, record: T, timestamp: number): boolean | TimeWindow {
    const { numbers, contents, flags } = this.#rows;
    const target = rows[0]!;
    const at = target * STRIDE;
    let merged: Contents = contents[target]!;
    for (const row of rows.slice(1)) {
      assert(this.#contents.merge !== undefined, "windows merge where their contents can");
      merged = this.#contents.merge(merged, contents[row]!);
      numbers[at + POSITION] = Math.min(numbers[at + POSITION]!, this.#rows.positionOf(row));
      this.#remove(row);
    }
    contents[target] = this.#contents.add(merged, record, timestamp);
    numbers[at + START] = Math.min(numbers[at + START]!, start);
    flags[target]! |= HAS_CHANGED;
    if (numbers[at + END] !== end) {
      numbers[at + END] = end;
      this.#schedule(target, this.#time.firedUntil);
    }
    return this.#windowToFire(target);
  }

  #create(key: KeyId, start: number, end: number, record: T, timestamp: number): boolean | TimeWindow {
    if (this.#isTooLate(key, end)) return false;
    const row = this.#rows.add(key, start, end, this.#nextPosition, this.#contents.create(record, timestamp));
    this.#nextPosition += 1;
    this.#enter(key, row);
    this.#rows.flags[row]! |= HAS_CHANGED;
    this.#schedule(row, this.#time.firedUntil);
    return this.#windowToFire(row);
  }

  /** What `add` returns: the window where its time has passed. */
  #windowToFire(row: number): boolean | TimeWindow {
    const isDue = this.#rows.is(row, HAS_FIRED) && !Number.isNaN(this.#options.deadlines.fireDelayMs);
    return isDue ? this.#windowAt(row) : true;
  }

  #isTooLate(key: KeyId, end: number): boolean {
    const { lateUntil } = this.#time;
    return end - 1 + this.#allowedLatenessMs <= (this.#further === undefined ? lateUntil : Math.max(lateUntil, this.#further.of(key)));
  }

  /** Puts a session among those of its key. */
  #enter(key: KeyId, row: number): void {
    const newest = this.#newest.get(key);
    if (newest === undefined) {
      this.#newest.set(key, row);
      return;
    }
    const { older } = this.#rows;
    const rows = older[newest] ?? [];
    if (this.#isBefore(newest, row)) {
      rows.push(newest);
      older[newest] = undefined;
      older[row] = rows;
      this.#newest.set(key, row);
      return;
    }
    let index = rows.length;
    while (0 < index && this.#isBefore(row, rows[index - 1]!)) index -= 1;
    rows.splice(index, 0, row);
    older[newest] = rows;
  }

  #remove(row: number): void {
    const { keys, storedAs } = this.#rows;
    const text = storedAs[row];
    if (text !== undefined) this.#gone.push({ key: keys[row]!, text });
    this.#takeOut(row);
  }

  #takeOut(row: number): void {
    const { older } = this.#rows;
    const key = this.#rows.keys[row]!;
    const newest = this.#newest.get(key);
    assert(newest !== undefined, "a session that is there has a key");
    const rows = older[newest];
    if (row !== newest) {
      assert(rows !== undefined, "a session that is not the newest of its key is one of the older");
      removeFrom(rows, row);
    } else {
      const next = rows?.pop();
      if (next === undefined) this.#newest.delete(key);
      else {
        older[next] = rows;
        this.#newest.set(key, next);
      }
    }
    this.#rows.free(row);
  }

  /** The sessions of a key, ascending by start. */
  #rowsOf(key: KeyId): readonly number[] {
    const newest = this.#newest.get(key);
    return newest === undefined ? [] : [...(this.#rows.older[newest] ?? []), newest];
  }

  #windowsOf(key: KeyId): readonly TimeWindow[] {
    return this.#rowsOf(key).map((row) => this.#windowAt(row));
  }

  #windowAt(row: number): TimeWindow {
    return new TimeWindow(this.#rows.startOf(row), this.#rows.endOf(row));
  }

  #storedAt(key: KeyId, text: Namespace): number | undefined {
    return this.#rowsOf(key).find((row) => this.#rows.storedAs[row] === text);
  }

  /** Index of the first of these sessions that begins behind `time`. */
  #indexBehind(rows: readonly number[], time: number): number {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#rows.startOf(rows[middle]!) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isBefore(a: number, b: number): boolean {
    const [startOfA, startOfB] = [this.#rows.startOf(a), this.#rows.startOf(b)];
    return startOfA === startOfB ? this.#rows.endOf(a) < this.#rows.endOf(b) : startOfA < startOfB;
  }

  /** The session is new, or lies elsewhere than before. */
  #reportMoved(key: KeyId, before: Namespace | undefined): void {
    if (before !== undefined) this.#tracker.changed(key, before);
    this.#setTracker.changed(key, NO_NAMESPACE);
  }

  #resume(row: number, firedUntil: number): void {
    const dropTime = this.#rows.endOf(row) - 1 + this.#options.deadlines.dropDelayMs;
    this.#schedule(row, firedUntil);
    if (this.#further?.haveReached(this.#rows.keys[row]!, dropTime) !== true) return;
    // It is not filed any more.
    this.#rows.numbers[row * STRIDE + DUE_AT] = NaN;
    this.#toDrop.push(row);
  }

  /** The session is new, or has another end. */
  #schedule(row: number, firedUntil: number): void {
    const { fireDelayMs, dropDelayMs } = this.#options.deadlines;
    const lastTime = this.#rows.endOf(row) - 1;
    const fireTime = lastTime + fireDelayMs;
    // A time of NaN, where sessions do not fire by time, counts as fired.
    if (firedUntil < fireTime && this.#further?.haveReached(this.#rows.keys[row]!, fireTime) !== true) {
      this.#rows.flags[row]! &= ~HAS_FIRED;
      this.#file(row, fireTime);
    } else {
      this.#rows.flags[row]! |= HAS_FIRED;
      this.#file(row, lastTime + dropDelayMs);
    }
  }

  #file(row: number, time: number): void {
    const { numbers } = this.#rows;
    if (numbers[row * STRIDE + DUE_AT]! <= time) return;
    numbers[row * STRIDE + DUE_AT] = time;
    this.#deadlines.add(row, time);
  }

  #takeDue(time: number): void {
    let isMore = false;
    for (let bucket = this.#deadlines.takeUntil(time); bucket !== undefined; bucket = this.#deadlines.takeUntil(time)) {
      for (const row of bucket.items) {
        const at = row * STRIDE + DUE_AT;
        // Otherwise it is gone, or had an earlier deadline since.
        if (this.#rows.numbers[at] !== bucket.time) continue;
        this.#rows.numbers[at] = NaN;
        if (this.#takeDeadline(row, time)) isMore = true;
      }
    }
    if (!isMore) return;
    if (0 < this.#firedCount) this.#toFire = this.#toFire.slice(this.#firedCount);
    this.#firedCount = 0;
    this.#toFire.sort(this.#byFiringOrder);
  }

  /** Returns whether the session is to fire. */
  #takeDeadline(row: number, time: number): boolean {
    const { fireDelayMs, dropDelayMs } = this.#options.deadlines;
    const lastTime = this.#rows.endOf(row) - 1;
    const fires = !this.#rows.is(row, HAS_FIRED);
    if (fires) {
      if (time < lastTime + fireDelayMs) {
        this.#file(row, lastTime + fireDelayMs);
        return false;
      }
      this.#rows.flags[row]! |= HAS_FIRED;
      this.#toFire.push(row);
    }
    if (time < lastTime + dropDelayMs) this.#file(row, lastTime + dropDelayMs);
    else this.#toDrop.push(row);
    return fires;
  }

  #collectMarks(visit: VisitMark): void {
    // A session that is there is still to be dropped, and needs no mark for it.
    for (const row of this.#toFire.slice(this.#firedCount)) visit(this.#rows.keys[row]!, this.#rows.storedAs[row]!, TO_FIRE);
  }

  /** By last timestamp, start, key group and position. */
  readonly #byFiringOrder = (a: number, b: number): number => {
    const rows = this.#rows;
    const [endOfA, endOfB] = [rows.endOf(a), rows.endOf(b)];
    // Not by subtraction: ∞ − ∞ is NaN.
    if (endOfA !== endOfB) return endOfA < endOfB ? -1 : 1;
    const [startOfA, startOfB] = [rows.startOf(a), rows.startOf(b)];
    if (startOfA !== startOfB) return startOfA < startOfB ? -1 : 1;
    return this.#groupOf(a) - this.#groupOf(b) || rows.positionOf(a) - rows.positionOf(b);
  };

  #groupOf(row: number): number {
    return keyGroupOf(this.#rows.keys[row]!, this.#maxParallelism);
  }
}

/** The same once more, as windows in flight without their panes: what windows that merge over keyed state look for. */
class SessionSpans implements KeyedComponent {
  readonly name = `state/${MERGING_WINDOWS.name}`;
  readonly format: string = tableFormat(MERGING_WINDOWS.kind, MERGING_WINDOWS.type);
  readonly #keys: KeyMap<unknown>;
  readonly #windowsOf: (key: KeyId) => readonly TimeWindow[];

  constructor(keys: KeyMap<unknown>, windowsOf: (key: KeyId) => readonly TimeWindow[]) {
    this.#keys = keys;
    this.#windowsOf = windowsOf;
  }

  forEachAddress(visit: (key: KeyId, namespace: Namespace) => void): void {
    this.#keys.forEach((_newest, key) => visit(key, NO_NAMESPACE));
  }

  writeEntry(key: KeyId, _namespace: Namespace, writer: ByteWriter): boolean {
    const windows = this.#windowsOf(key);
    if (windows.length === 0) return false;
    MERGING_WINDOWS.type.write(writer, new MergingWindowSet(windows.map((window) => ({ window, stateWindow: window }))));
    return true;
  }

  restoreEntry(_key: KeyId, _namespace: Namespace, reader: ByteReader): void {
    // The panes say it all.
    MERGING_WINDOWS.type.read(reader);
  }

  removeRestored(): void {}
}

function removeFrom(rows: number[], row: number): void {
  // The earliest goes first, mostly.
  for (let index = rows.indexOf(row) + 1; index < rows.length; index += 1) rows[index - 1] = rows[index]!;
  rows.pop();
}
