import { assert, InvariantViolation } from "../lib/assert.ts";
import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import type { KeyId } from "../data/key.ts";
import type { Type } from "../data/type.ts";
import { keyGroupOf } from "../state/key-groups.ts";
import type {
  ChangeTracker,
  ComponentRegistry,
  KeyedComponent,
  KeyedState,
  Namespace,
  StateTable,
} from "../state/keyed-state.ts";
import type { Timers } from "../time/timers.ts";
import type { FiredGroups } from "./fired-groups.ts";
import { FiringMarks, isMark, TO_DROP, TO_FIRE, type VisitMark } from "./firing-marks.ts";
import {
  endOfLastSlices,
  paneFormat,
  type PanesOptions,
  readPane,
  SliceSum,
  sliceStartOf,
  spanOf,
  spanText,
  type StoredPane,
  windowsOfSlice,
  writePane,
} from "./pane-layout.ts";
import type { Panes } from "./panes.ts";
import { compareWindows, type TimeWindow } from "./time-window.ts";

export interface KeyedPanesOptions<T, Contents> extends PanesOptions<T, Contents> {
  /** Holds the panes, and the timers of their deadlines. Neither may be part of a snapshot: it would hold every pane twice. */
  readonly state: KeyedState;
  readonly timers: Timers;
  /**
   * Where the panes are registered for snapshots; undefined where `state` and `timers` are themselves part of them,
   * as on Flink.
   */
  readonly registry: ComponentRegistry | undefined;
}

/** A pane whose deadline has come. */
interface DuePane {
  readonly key: KeyId;
  readonly window: TimeWindow;
  readonly group: number;
  readonly position: number;
}

/** Two timers of one pane may have the same time; the namespace says what each is for. */
const FIRE_TIMER = "fire ";
const DROP_TIMER = "drop ";

const ALWAYS = (): boolean => true;

/**
 * Panes over keyed state and timers. A pane, or slice, is state of its key with the window for a namespace; a window
 * has a timer for firing and one for dropping. This is what panes mean, written for reading, and what runs where
 * state and timers are not ours.
 */
export class KeyedPanes<T, Contents> implements Panes<T, Contents>, KeyedComponent {
  readonly name = "panes";
  readonly format: string;
  readonly #options: KeyedPanesOptions<T, Contents>;
  readonly #table: StateTable<StoredPane<Contents>>;
  readonly #timers: Timers;
  readonly #marks = new FiringMarks();
  /** Key groups that had got further when they were restored. */
  #further: FiredGroups | undefined;
  readonly #tracker: ChangeTracker | undefined;
  #nextPosition = 0;
  /** Panes that a stopped `fireDue` still has before it, in the order in which they fire. */
  #toFire: DuePane[] = [];
  /** How many of them have fired already. */
  #firedCount = 0;
  /** Panes whose drop timer has fired, until `dropDue`. */
  #toDrop: DuePane[] = [];

  constructor(options: KeyedPanesOptions<T, Contents>) {
    this.format = paneFormat(options);
    this.#options = options;
    this.#table = options.state.table({ name: "panes", kind: "panes", type: storedPaneType(options.contentsType) });
    this.#timers = options.timers;
    this.#tracker = options.registry?.register(this);
  }

  get size(): number {
    return this.#table.size;
  }

  add(key: KeyId, windows: readonly TimeWindow[], record: T, timestamp: number, firedUntil: number): void {
    const { slices } = this.#options;
    if (slices === undefined) {
      for (const window of windows) {
        if (this.#addTo(key, textOf(window), record, timestamp)) this.#schedule(key, window, firedUntil);
      }
      return;
    }
    const start = sliceStartOf(slices, timestamp);
    if (!this.#addTo(key, spanText(start, start + slices.sliceMs), record, timestamp)) return;
    for (const window of windows) this.#schedule(key, window, firedUntil);
  }

  read(key: KeyId, window: TimeWindow): Contents | undefined {
    const sum = new SliceSum(this.#options.contents, key);
    for (const text of this.#textsOf(window)) {
      const pane = this.#table.get(key, text);
      if (pane !== undefined) sum.add(pane.contents);
    }
    return sum.total;
  }

  merge(key: KeyId, target: TimeWindow, sources: readonly TimeWindow[], firedUntil: number): void {
    const { contents, slices } = this.#options;
    const { merge } = contents;
    assert(merge !== undefined && slices === undefined, "windows merge where their contents can, and are not sliced");
    let merged: StoredPane<Contents> | undefined;
    for (const source of sources) {
      const pane = this.#table.get(key, textOf(source));
      if (pane === undefined) continue;
      this.#remove(key, textOf(source));
      this.#unschedule(key, source);
      if (merged === undefined) merged = pane;
      else merged = { position: Math.min(merged.position, pane.position), contents: merge(merged.contents, pane.contents) };
    }
    if (merged === undefined) return;
    assert(this.#table.get(key, textOf(target)) === undefined, "a pane that others are merged into is one of them, or new");
    this.#put(key, textOf(target), merged);
    this.#schedule(key, target, firedUntil);
  }

  nextDeadline(): number {
    const { deadlines } = this.#options;
    const toFire = this.#toFire[this.#firedCount];
    const toDrop = this.#toDrop[0];
    return Math.min(
      this.#timers.nextEventTime(),
      toFire === undefined ? Infinity : deadlines.fireTime(toFire.window),
      toDrop === undefined ? Infinity : deadlines.dropTime(toDrop.window),
    );
  }

  fireDue(time: number, each: (key: KeyId, window: TimeWindow, contents: Contents) => void, mayContinue: () => boolean): boolean {
    this.#takeTimers(time);
    while (this.#firedCount < this.#toFire.length) {
      if (!mayContinue()) return false;
      const { key, window } = this.#toFire[this.#firedCount]!;
      this.#firedCount += 1;
      const contents = this.read(key, window);
      assert(contents !== undefined, "a pane that fires has contents");
      each(key, window, contents);
    }
    this.#toFire = [];
    this.#firedCount = 0;
    return true;
  }

  dropDue(time: number, each: ((key: KeyId, window: TimeWindow) => void) | undefined): void {
    this.#takeTimers(time);
    assert(this.#toFire.length === 0, "panes are dropped when nothing is left to fire");
    for (const { key, window } of this.#toDrop) {
      each?.(key, window);
      for (const text of this.#textsThatEndWith(window)) this.#remove(key, text);
    }
    this.#toDrop = [];
  }

  resumeFrom(firedUntil: number, further?: FiredGroups): void {
    this.#further = further;
    const { deadlines, slices } = this.#options;
    this.#table.forEach((key, text) => {
      const span = spanOf(text);
      if (slices === undefined) return this.#resume(key, span, firedUntil);
      // What was dropped before is told from what is still to be dropped by marks alone: the slices outlive both.
      for (const window of windowsOfSlice(slices, span.start)) {
        if ((further?.of(key) ?? firedUntil) < deadlines.dropTime(window)) this.#schedule(key, window, firedUntil);
      }
    });
    this.#marks.forEach((key, text, mark) => {
      const window = spanOf(text);
      if (mark === TO_FIRE) this.#toFire.push(this.#duePane(key, window));
      if (slices !== undefined) this.#resume(key, window, firedUntil);
    });
    this.#toFire.sort(byFiringOrder);
    this.#toDrop.sort(byFiringOrder);
  }

  forEachAddress(visit: (key: KeyId, namespace: Namespace) => void): void {
    this.#table.forEach(visit);
    this.#marks.forEachAddress(visit);
  }

  writeEntry(key: KeyId, namespace: Namespace, writer: ByteWriter): boolean {
    if (isMark(namespace)) return this.#marks.write(key, namespace, writer);
    const pane = this.#table.get(key, namespace);
    if (pane === undefined) return false;
    writePane(writer, pane, this.#options.contentsType);
    return true;
  }

  restoreEntry(key: KeyId, namespace: Namespace, reader: ByteReader): void {
    if (isMark(namespace)) return this.#marks.restore(key, namespace, reader);
    const pane = readPane(reader, this.#options.contentsType);
    this.#table.put(key, namespace, pane);
    this.#nextPosition = Math.max(this.#nextPosition, pane.position + 1);
  }

  removeRestored(key: KeyId, namespace: Namespace): void {
    if (isMark(namespace)) this.#marks.remove(key, namespace);
    else this.#table.remove(key, namespace);
  }

  heldObjects(): readonly object[] {
    const held: object[] = [];
    this.#table.forEach((_key, _text, pane) => held.push(pane));
    return held;
  }

  prepareSnapshot(): void {
    if (this.#tracker !== undefined) this.#marks.replace((visit) => this.#collectMarks(visit), this.#tracker);
  }

  #collectMarks(visit: VisitMark): void {
    // Without slices a pane that is there is still to be dropped, and needs no mark for it.
    if (this.#options.slices !== undefined) {
      for (const { key, window } of this.#toDrop) visit(key, textOf(window), TO_DROP);
    }
    for (const { key, window } of this.#toFire.slice(this.#firedCount)) visit(key, textOf(window), TO_FIRE);
  }

  /** Returns whether the pane is new. */
  #addTo(key: KeyId, text: Namespace, record: T, timestamp: number): boolean {
    const { contents } = this.#options;
    const pane = this.#table.get(key, text);
    if (pane !== undefined) {
      this.#put(key, text, { position: pane.position, contents: contents.add(pane.contents, record, timestamp) });
      return false;
    }
    this.#put(key, text, { position: this.#nextPosition, contents: contents.create(record, timestamp) });
    this.#nextPosition += 1;
    return true;
  }

  #put(key: KeyId, text: Namespace, pane: StoredPane<Contents>): void {
    this.#table.put(key, text, pane);
    this.#tracker?.changed(key, text);
  }

  #remove(key: KeyId, text: Namespace): void {
    this.#table.remove(key, text);
    this.#tracker?.changed(key, text);
  }

  #schedule(key: KeyId, window: TimeWindow, firedUntil: number): void {
    const fireTime = this.#options.deadlines.fireTime(window);
    const hasFired = this.#further?.haveReached(key, fireTime) === true;
    if (firedUntil < fireTime && !hasFired) this.#timers.registerEventTime(key, FIRE_TIMER + textOf(window), fireTime);
    this.#timers.registerEventTime(key, DROP_TIMER + textOf(window), this.#options.deadlines.dropTime(window));
  }

  /** A restored window that is not dropped yet, though it may be due: until it is dropped, each snapshot has a mark for it. */
  #resume(key: KeyId, window: TimeWindow, firedUntil: number): void {
    if (this.#options.deadlines.dropTime(window) <= (this.#further?.of(key) ?? firedUntil)) this.#toDrop.push(this.#duePane(key, window));
    else this.#schedule(key, window, firedUntil);
  }

  #unschedule(key: KeyId, window: TimeWindow): void {
    this.#timers.deleteEventTime(key, FIRE_TIMER + textOf(window), this.#options.deadlines.fireTime(window));
    this.#timers.deleteEventTime(key, DROP_TIMER + textOf(window), this.#options.deadlines.dropTime(window));
  }

  /** Timers come by time and key group; panes fire by window first. */
  #takeTimers(time: number): void {
    if (time < this.#timers.nextEventTime()) return;
    const toFire = this.#toFire.slice(this.#firedCount);
    const take = (_time: number, key: KeyId, namespace: Namespace): void => {
      const due = this.#duePane(key, spanOf(namespace.slice(FIRE_TIMER.length)));
      if (namespace.startsWith(FIRE_TIMER)) toFire.push(due);
      else this.#toDrop.push(due);
    };
    this.#timers.fireEventTime(time, take, ALWAYS);
    this.#toFire = toFire.sort(byFiringOrder);
    this.#firedCount = 0;
    this.#toDrop.sort(byFiringOrder);
  }

  #duePane(key: KeyId, window: TimeWindow): DuePane {
    for (const text of this.#textsOf(window)) {
      const pane = this.#table.get(key, text);
      if (pane === undefined) continue;
      return { key, window, group: keyGroupOf(key, this.#options.state.maxParallelism), position: pane.position };
    }
    throw new InvariantViolation("a pane whose deadline has come is there");
  }

  /** The addresses that hold the contents of a window, ascending by start. */
  #textsOf(window: TimeWindow): readonly Namespace[] {
    const { slices } = this.#options;
    return slices === undefined ? [textOf(window)] : textsBetween(window.start, window.end, slices.sliceMs);
  }

  /** The addresses that no later window needs. */
  #textsThatEndWith(window: TimeWindow): readonly Namespace[] {
    const { slices } = this.#options;
    return slices === undefined ? [textOf(window)] : textsBetween(window.start, endOfLastSlices(slices, window), slices.sliceMs);
  }
}

function textsBetween(start: number, end: number, sliceMs: number): Namespace[] {
  const texts: Namespace[] = [];
  for (let sliceStart = start; sliceStart < end; sliceStart += sliceMs) texts.push(spanText(sliceStart, sliceStart + sliceMs));
  return texts;
}

function textOf(window: TimeWindow): Namespace {
  return spanText(window.start, window.end);
}

function byFiringOrder(a: DuePane, b: DuePane): number {
  return compareWindows(a.window, b.window) || a.group - b.group || a.position - b.position;
}

function storedPaneType<Contents>(type: Type<Contents>): Type<StoredPane<Contents>> {
  return {
    name: `pane(${type.name})`,
    write: (writer, pane) => writePane(writer, pane, type),
    read: (reader) => readPane(reader, type),
  };
}
