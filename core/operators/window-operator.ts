import type { ColumnBatch } from "../data/column-batch.ts";
import { valueAt } from "../data/column.ts";
import { copied } from "../data/copied.ts";
import { type KeyId, keyId } from "../data/key.ts";
import { keyColumnOf } from "../data/key-column.ts";
import { type Type, types } from "../data/type.ts";
import type { OutputTag } from "../functions/output-tag.ts";
import { assert } from "../lib/assert.ts";
import { keyGroupOf, keyGroupRange } from "../state/key-groups.ts";
import type { OperatorListState, OperatorValue } from "../state/operator-state.ts";
import type { ColumnPanes } from "../windows/column-panes.ts";
import type { WindowContents } from "../windows/pane-functions.ts";
import type { PaneDeadlines, Panes } from "../windows/panes.ts";
import { GlobalWindow, TimeWindow, type Window, compareWindows } from "../windows/time-window.ts";
import type { WindowAssigner, WindowAssignerContext } from "../windows/window-assigner.ts";
import { deadlinesOf, hasOneWindowPerRecord } from "./default-triggers.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";
import { MIN_WATERMARK } from "../time/timestamp.ts";
import { LateRecords } from "./late-records.ts";
import { WindowCells } from "./window-cells.ts";
import type { WindowColumns, WindowRows } from "./window-columns.ts";
import { type WindowEmit, WindowEmitter } from "./window-emitter.ts";
import { windowFailure } from "./window-failure.ts";
import { WindowFiring } from "./window-firing.ts";
import { columnForm, isInKernel, takesRecords } from "./window-kernel.ts";
import { makePanes } from "./window-panes.ts";
import { type PanesKind, windowBatches } from "./window-parts.ts";
import type { WindowResults } from "./window-results.ts";

export interface WindowOptions<T, K, Contents, V, Out> {
  /** Undefined for `windowAll`: all records have one key. */
  readonly keyOf: ((record: T) => K) | undefined;
  readonly assigner: WindowAssigner<T, Window>;
  readonly contents: WindowContents<T, Contents, V>;
  readonly contentsType: Type<Contents>;
  readonly emit: WindowEmit<K, V, Out>;
  /** How long after its end a window of event time takes late records. */
  readonly allowedLatenessMs: number;
  /** Where records go that are too late; undefined drops and counts them. */
  readonly lateTag: OutputTag<T> | undefined;
  /** What holds the panes: memory, or keyed state and timers. */
  readonly panes: PanesKind;
}

/** The key of `windowAll`. */
const NO_KEY: KeyId = "";
/** Stored by a subtask where no batch waits. */
const NOTHING_WAITS = /* @__PURE__ */ new Uint8Array(0);

/**
 * Windows with their default trigger. Finds the windows of a record, passes over those that are too late, adds the record to the
 * others, and fires those whose time has passed. The watermark, or the clock where the assigner goes by it, fires what is due and
 * drops what no late record can reach any more.
 *
 * Firing goes in turns; the watermark is forwarded after the last one.
 */
export class WindowOperator<T, K, Contents, V, Out> implements Operator, Output<T> {
  readonly inputs: readonly Output<T>[] = [this];
  /** Present where a batch spares the operator its records. */
  declare readonly processColumns?: (batch: ColumnBatch) => boolean;
  declare readonly processRecords?: (batch: ColumnBatch) => boolean;
  declare readonly processRun?: (records: readonly T[], timestamps: Float64Array, from: number, to: number) => number;
  readonly #context: OperatorContext;
  readonly #keyOf: ((record: T) => K) | undefined;
  readonly #assigner: WindowAssigner<T, Window>;
  readonly #assignerContext: WindowAssignerContext;
  readonly #contents: WindowContents<T, Contents, V>;
  readonly #panes: Panes<T, Contents>;
  /** The windows of a record where they follow from its timestamp. */
  readonly #cells: WindowCells | undefined;
  /** Where batches come, or one may be left from before a restore. */
  readonly #columns: WindowColumns | undefined;
  /** The same panes, where they give results as columns to an output that takes them. */
  readonly #columnPanes: ColumnPanes<T, Contents> | undefined;
  readonly #results: WindowResults | undefined;
  readonly #deadlines: PaneDeadlines;
  readonly #emitter: WindowEmitter<K, V, Out>;
  readonly #allowedLatenessMs: number;
  readonly #late: LateRecords<T>;
  /** Whether the clock fires; otherwise the watermark does. */
  readonly #byClock: boolean;
  /** Whether what a pane emits is still needed: it may fire again, or other windows hold the same records. */
  readonly #keepsEmitted: boolean;
  /** The result of a pane where it gives one, and no window function is asked. */
  readonly #resultOf: ((contents: Contents) => V) | undefined;

  readonly #firing: WindowFiring;
  readonly #storedAssigner: OperatorValue<unknown>;
  readonly #storedWaiting: OperatorListState<Uint8Array>;
  /** The watermark behind what waits. */
  readonly #storedReached: OperatorValue<number>;

  constructor(options: WindowOptions<T, K, Contents, V, Out>, context: OperatorContext) {
    const { keyOf, contents, emit, allowedLatenessMs, lateTag } = options;
    this.#context = context;
    this.#keyOf = keyOf;
    this.#assigner = options.assigner.forSubtask?.() ?? options.assigner;
    this.#assignerContext = { currentProcessingTime: () => context.processingTime.now(), random: () => context.random() };
    this.#byClock = this.#assigner.defaultTrigger === "processingTime";
    this.#contents = contents;
    this.#keepsEmitted = (this.#assigner.isEventTime && 0 < allowedLatenessMs) || !hasOneWindowPerRecord(this.#assigner);
    this.#allowedLatenessMs = allowedLatenessMs;
    this.#deadlines = deadlinesOf(this.#assigner, allowedLatenessMs);
    const { panes, columnPanes } = makePanes(options.panes, context, {
      assigner: this.#assigner,
      contents,
      contentsType: options.contentsType,
      deadlines: this.#deadlines,
      batchKeys: { column: keyColumnOf(keyOf), of: keyOf },
      inKernel: isInKernel(options, { mode: context.mode, hasKernelModule: context.kernel !== undefined }),
    });
    this.#panes = panes;
    // A reduce function changes records of its own, one for each window.
    const hasCells = this.#assigner.cells !== undefined && (contents.kind !== "reduce" || hasOneWindowPerRecord(this.#assigner));
    this.#cells = hasCells ? new WindowCells(this.#assigner, this.#assignerContext, this.#deadlines) : undefined;
    const { metrics } = context;
    if (columnPanes !== undefined || context.isRestored) {
      const rows = this.#rowsOfBatches();
      this.#columns = new windowBatches.module.WindowColumns({ panes: columnPanes, cells: this.#cells, deadlines: this.#deadlines, rows, metrics });
    }
    if (columnPanes !== undefined && columnForm(options).takes === true) this.processColumns = (batch) => this.#takeBatch(batch);
    if (columnPanes !== undefined && takesRecords(options)) this.processRecords = (batch) => this.#takeBatch(batch);
    const cells = this.#cells;
    if (columnPanes === undefined && cells !== undefined) this.processRun = (records, timestamps, from, to) => this.#takeRun(cells, records, timestamps, from, to);
    const aggregates = emit.kind === "values" ? contents.builtIn : undefined;
    if (aggregates !== undefined && columnPanes !== undefined && context.output.processColumns !== undefined) {
      this.#columnPanes = columnPanes;
      this.#results = new windowBatches.module.WindowResults(aggregates, context);
    }
    this.#resultOf = emit.kind === "values" ? resultOf(contents, this.#keepsEmitted) : undefined;
    this.#emitter = new WindowEmitter(
      { emit, isMerging: this.#assigner.isMerging, currentWatermark: () => this.#firing.watermark },
      context,
    );
    const firing = {
      byClock: this.#byClock,
      isEventTime: this.#assigner.isEventTime,
      nextDeadline: () => this.#panes.nextDeadline(),
      fireDue: (time: number, mayContinue: () => boolean) => this.#fireDue(time, mayContinue),
      goOn: () => this.#columns?.resume() !== false,
      isStorable: () => this.#columns?.isStorable !== false,
    };
    this.#firing = new WindowFiring(firing, context);
    this.#late = new LateRecords({ allowedLatenessMs, tag: lateTag, isEventTime: firing.isEventTime }, context);
    const { operatorState } = context;
    this.#storedAssigner = operatorState.value<unknown>("assigner", types.dynamic, undefined, "first");
    this.#storedWaiting = operatorState.list("waiting", types.bytes, "union");
    this.#storedReached = operatorState.value("waiting-watermark", types.number, MIN_WATERMARK, "min");
  }

  open(): void {
    const assigner = this.#storedAssigner.get();
    if (assigner !== undefined) this.#assigner.restore?.(assigner);
    this.#firing.restore(this.#panes);
    this.#emitter.open();
    const waiting = { buffers: this.#storedWaiting.get(), watermark: this.#storedReached.get() };
    const isWaiting = this.#columns?.restore(waiting, (record, timestamp) => this.#isOwn(record as T, timestamp)) === true;
    this.#storedWaiting.clear();
    this.#firing.open(isWaiting);
  }

  processRecord(record: T, timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    this.#take(record, timestamp);
  }

  #take(record: T, timestamp: number): void {
    const cell = this.#cells?.of(timestamp);
    // Most records are on time for all their windows, which are known by their timestamp.
    if (cell !== undefined && this.#firing.sureFrom < cell.firstFire) this.#addTo(this.#keyIdOf(record, timestamp), cell.windows, record, timestamp);
    else this.#takeAny(record, timestamp);
  }

  /** Records that are on time for all their windows only change panes. */
  #takeRun(cells: WindowCells, records: readonly T[], timestamps: Float64Array, from: number, to: number): number {
    const { sureFrom } = this.#firing;
    let taken = from;
    try {
      while (taken < to) {
        const timestamp = timestamps[taken]!;
        const cell = cells.of(timestamp);
        if (cell.firstFire <= sureFrom) break;
        const record = records[taken]!;
        // As one by one: a record that fails has come in.
        taken += 1;
        this.#addTo(this.#keyIdOf(record, timestamp), cell.windows, record, timestamp);
      }
    } finally {
      this.#context.metrics.recordsIn += taken - from;
    }
    return taken;
  }

  #takeAny(record: T, timestamp: number): void {
    const windows = this.#windowsOf(record, timestamp);
    const { watermark, sureFrom, lateUntil } = this.#firing;
    if (watermark < sureFrom) return this.#takeOfGroup(windows, record, timestamp);
    const kept = this.#withoutTooLate(windows, lateUntil);
    if (kept.length === 0) return this.#late.reject(() => record, timestamp, watermark);
    this.#add(this.#keyIdOf(record, timestamp), kept, record, timestamp);
  }

  /** Where key groups that were restored stand at watermarks of their own, the key says which one decides. */
  #takeOfGroup(windows: readonly TimeWindow[], record: T, timestamp: number): void {
    const key = this.#keyIdOf(record, timestamp);
    const kept = this.#withoutTooLate(windows, this.#firing.lateUntilOf(key));
    if (kept.length === 0) this.#late.reject(() => record, timestamp, this.#firing.watermarkOf(key));
    else this.#add(key, kept, record, timestamp);
  }

  processWatermark(watermark: number): void {
    this.#firing.processWatermark(watermark);
  }

  /** Panes hold values, so that only a batch that waits in the middle is kept. */
  #takeBatch(batch: ColumnBatch): boolean {
    const isTaken = this.#columns!.take(batch);
    if (!isTaken) this.#firing.suspend();
    return isTaken;
  }

  #rowsOfBatches(): WindowRows {
    const operator = this;
    const { metrics } = this.#context;
    // Without one, no batch is taken as columns.
    const keyColumn = keyColumnOf(this.#keyOf) ?? "";
    return {
      get watermark() {
        return operator.#firing.watermark;
      },
      take: (batch, row) => this.#take(batch.rowAt(row) as T, batch.timestamps[row]!),
      reject: (batch, row) => this.#late.reject(() => batch.rowAt(row) as T, batch.timestamps[row]!, this.#firing.watermark),
      // Columns of keys hold strings, numbers, booleans and bigints.
      keyAt: (batch, row) => {
        if (batch.records !== undefined) return this.#keyOfRecord(batch.records[row] as T);
        const key = valueAt(batch.column(keyColumn)!, row);
        return typeof key === "bigint" && !Number.isSafeInteger(Number(key)) ? undefined : keyId(key);
      },
      fireAgain: (keys, windows) => {
        metrics.lateRecordsKept += keys.length;
        for (let index = 0; index < keys.length; index += 1) {
          if (this.#results === undefined) this.#fireWindows(keys[index]!, windows[index]!);
          else this.#noteResults(this.#results, keys[index]!, windows[index]!);
        }
        this.#results?.sendNoted();
      },
      pass: (watermark) => this.#firing.pass(watermark),
      advance: (watermark) => this.#firing.advance(watermark),
    };
  }

  /** Whether the key of a record belongs to this subtask. */
  #isOwn(record: T, timestamp: number): boolean {
    const { index, parallelism, maxParallelism } = this.#context.subtask;
    const { first, last } = keyGroupRange(index, parallelism, maxParallelism);
    const group = keyGroupOf(this.#keyIdOf(record, timestamp), maxParallelism);
    return first <= group && group <= last;
  }

  processIdleness(idle: boolean): void {
    this.#context.output.processIdleness(idle);
  }

  snapshot(): void {
    this.#firing.snapshot();
    this.#storedAssigner.set(this.#assigner.snapshot?.());
    this.#storedWaiting.update([this.#columns?.stored() ?? NOTHING_WAITS]);
    this.#storedReached.set(Math.max(this.#firing.watermark, this.#columns?.lastWatermark ?? MIN_WATERMARK));
  }

  endKey(): void {
    this.#firing.endKey();
    this.#emitter.endKey();
    this.#firing.beginKey();
  }

  finish(): void {
    this.#firing.finish();
  }

  close(): void {
    this.#emitter.close();
  }

  /** The windows as panes know them: the window that is for ever as the span from −∞ to +∞. */
  #windowsOf(record: T, timestamp: number): readonly TimeWindow[] {
    let windows: readonly Window[];
    try {
      windows = this.#assigner.assignWindows(record, timestamp, this.#assignerContext);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    return windows[0] instanceof GlobalWindow ? GLOBAL_PANES : (windows as readonly TimeWindow[]);
  }

  #keyIdOf(record: T, timestamp: number): KeyId {
    if (this.#keyOf === undefined) return NO_KEY;
    try {
      return keyId(this.#keyOf(record));
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
  }

  /** Undefined where it has none: the error comes when the record is taken by itself. */
  #keyOfRecord(record: T): KeyId | undefined {
    try {
      return keyId(this.#keyOf!(record));
    } catch {
      return undefined;
    }
  }

  #isTooLate(window: TimeWindow, lateUntil: number): boolean {
    return window.end - 1 + this.#allowedLatenessMs <= lateUntil;
  }

  /** The same array where none is too late, so that most records allocate nothing. */
  #withoutTooLate(windows: readonly TimeWindow[], lateUntil: number): readonly TimeWindow[] {
    for (const window of windows) {
      if (this.#isTooLate(window, lateUntil)) return windows.filter((each) => !this.#isTooLate(each, lateUntil));
    }
    return windows;
  }

  #add(key: KeyId, windows: readonly TimeWindow[], record: T, timestamp: number): void {
    // Each window reduces a record of its own, which the function may change.
    if (1 < windows.length && this.#contents.kind === "reduce") {
      for (const window of windows) this.#addTo(key, [window], copied(record), timestamp);
    } else this.#addTo(key, windows, record, timestamp);
    if (this.#byClock) this.#firing.wakeForNext();
    else this.#fireAgain(key, windows);
  }

  #addTo(key: KeyId, windows: readonly TimeWindow[], record: T, timestamp: number): void {
    try {
      this.#panes.add(key, windows, record, timestamp, this.#firing.firedUntil);
    } catch (cause) {
      throw this.#failure(cause, key, record, timestamp);
    }
  }

  /** Fires at once the panes of a record that came after their time: the accumulated value, once more or for the first time. */
  #fireAgain(key: KeyId, windows: readonly TimeWindow[]): void {
    let late: TimeWindow[] | undefined;
    const watermark = this.#firing.watermarkOf(key);
    for (const window of windows) {
      if (this.#deadlines.fireTime(window) <= watermark) (late ??= []).push(window);
    }
    if (late === undefined) return;
    this.#context.metrics.lateRecordsKept += 1;
    this.#fireWindows(key, late.sort(compareWindows));
  }

  #fireWindows(key: KeyId, windows: readonly TimeWindow[]): void {
    for (const window of windows) {
      const contents = this.#read(key, window);
      this.#context.metrics.refirings += 1;
      this.#emit(key, window, contents, true);
    }
  }

  /** Fires them as well; the results are sent later, as columns. */
  #noteResults(results: WindowResults, key: KeyId, windows: readonly TimeWindow[]): void {
    for (const window of windows) {
      const row = this.#columnPanes!.readRow(key, window);
      if (row === undefined) {
        // The panes have moved to the heap, which knows the error.
        results.sendNoted();
        this.#fireWindows(key, [window]);
      } else {
        this.#context.metrics.refirings += 1;
        results.note(window, row);
      }
    }
  }

  #read(key: KeyId, window: TimeWindow): Contents {
    let contents: Contents | undefined;
    try {
      contents = this.#panes.read(key, window);
    } catch (cause) {
      throw this.#failure(cause, key, undefined, window.maxTimestamp());
    }
    assert(contents !== undefined, "a pane that a record was added to has contents");
    return contents;
  }

  #fireDue(until: number, mayContinue: () => boolean): boolean {
    if (!this.#fireAll(until, mayContinue)) return false;
    // Where no function clears anything, panes need not be named one by one.
    this.#panes.dropDue(until, this.#emitter.clears ? this.#drop : undefined);
    return true;
  }

  #fireAll(until: number, mayContinue: () => boolean): boolean {
    const columns = this.#columnPanes;
    try {
      if (columns?.givesColumns === true) {
        if (columns.fireDueColumns(until, this.#results!.emit, mayContinue)) return true;
        // Else the panes have moved to where there are no columns, and go on from there.
        if (columns.givesColumns) return false;
      }
      return this.#panes.fireDue(until, this.#fire, mayContinue);
    } catch (cause) {
      throw this.#context.userError(cause, undefined, NaN);
    }
  }

  readonly #fire = (key: KeyId, window: TimeWindow, contents: Contents): void => this.#emit(key, window, contents, false);

  readonly #drop = (key: KeyId, window: TimeWindow): void => {
    try {
      this.#emitter.clear(key, userWindow(window));
    } catch (cause) {
      throw this.#failure(cause, key, undefined, window.maxTimestamp());
    }
  };

  #emit(key: KeyId, window: TimeWindow, contents: Contents, isRefiring: boolean): void {
    try {
      if (this.#resultOf !== undefined) return this.#emitter.emitValue(userWindow(window), this.#resultOf(contents));
      const values = this.#contents.values(contents);
      this.#emitter.emit(key, userWindow(window), this.#keepsEmitted ? values.map(copied) : values, isRefiring);
    } catch (cause) {
      throw this.#failure(cause, key, undefined, window.maxTimestamp());
    }
  }

  #failure(cause: unknown, key: KeyId, record: T | undefined, timestamp: number): Error {
    return windowFailure(this.#context, cause, this.#keyOf === undefined ? undefined : key, record, timestamp);
  }
}

const GLOBAL_PANE = /* @__PURE__ */ new TimeWindow(-Infinity, Infinity);
const GLOBAL_PANES: readonly TimeWindow[] = [GLOBAL_PANE];

function userWindow(window: TimeWindow): Window {
  return window.start === -Infinity ? GlobalWindow.get() : window;
}

/** Built-in aggregates make a new object of every pane; only what they keep of records is theirs no less than the window's. */
function resultOf<Contents, V>(contents: WindowContents<never, Contents, V>, keepsEmitted: boolean): ((contents: Contents) => V) | undefined {
  const { value, builtIn } = contents;
  const isShared = keepsEmitted && builtIn?.aggregates.every(({ kind }) => kind !== "first" && kind !== "last") !== true;
  return isShared && value !== undefined ? (each) => copied(value(each)) : value;
}
