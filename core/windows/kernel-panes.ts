import type { ColumnBatch } from "../data/column-batch.ts";
import type { KeyId } from "../data/key.ts";
import { assert } from "../lib/assert.ts";
import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import { keyGroupOf } from "../state/key-groups.ts";
import type { ChangeTracker, ComponentRegistry, FrozenEntries, KeyedComponent, Namespace } from "../state/keyed-state.ts";
import type { Slots } from "./aggregate-slots.ts";
import type { BuiltInAggregates } from "./built-in-aggregates.ts";
import type { ColumnPanes, EachPaneColumns, OpenSpan, RowRun } from "./column-panes.ts";
import { FrozenPanes } from "./frozen-panes.ts";
import type { FiredGroups } from "./fired-groups.ts";
import { FiringMarks, isMark, TO_DROP, TO_FIRE, type VisitMark } from "./firing-marks.ts";
import { HeapPanes } from "./heap-panes.ts";
import { FIRST_KEY_SLOT, keepOnly, type Kernel, KERNEL_ROWS_MAX, type KernelOutput, type MakeKernel, OVERFLOW, wordTypes } from "./kernel.ts";
import { type BatchInput, type BatchKeys, BatchReader, BatchWriter, mayRefuse } from "./kernel-batch.ts";
import { KernelPlan, slotsAt } from "./kernel-plan.ts";
import { KeyNumbers } from "./key-numbers.ts";
import { KeySlots } from "./key-slots.ts";
import { type KernelSpan, KernelSpans } from "./kernel-spans.ts";
import { endOfLastSlices, paneFormat, type PanesOptions, readPane, type SliceLayout, spanOf, spanText, type StoredPane, windowsOfSlice, writePane } from "./pane-layout.ts";
import { compareWindows, TimeWindow } from "./time-window.ts";
import { WindowSchedule } from "./window-schedule.ts";

export interface KernelPanesOptions<T> extends PanesOptions<T, Slots> {
  /** What `contents` computes. */
  readonly aggregates: BuiltInAggregates<T, unknown>;
  readonly makeKernel: MakeKernel;
  /** Absent: batches are not taken. */
  readonly batchKeys?: BatchKeys | undefined;
  /** Where the panes become part of snapshots. */
  readonly registry: ComponentRegistry;
}

interface FiringWindow {
  readonly window: TimeWindow;
  /** The keys that fire where a restored firing has only some of them left; by their numbers. */
  readonly only: ReadonlySet<number> | undefined;
  firedCount: number;
}

const NO_KEYS: BatchKeys = { column: undefined, of: undefined };

type EachPane = (key: KeyId, window: TimeWindow, contents: Slots) => void;

/** Panes that are taken from the kernel at a time: few enough to cost little where a firing stops among them. */
const FIRED_PANES_MAX = 128;
/** The memory of an image is kept for the next one unless it has become this many times too large. */
const IMAGE_MEMORY_FACTOR = 4;
/** Below this size a kernel is not worth building anew. */
const REBUILT_BYTES_MIN = 1 << 22;

/**
 * Panes of built-in aggregates in a kernel. Rows are collected and added many at a time, whenever the kernel is full or asked for something. Where a value does
 * not fit the columns that the first record laid out, or a sum of integers leaves its range, all panes move to the heap and stay there: the results are the
 * same, and so are the errors.
 */
export class KernelPanes<T> implements ColumnPanes<T, Slots>, KeyedComponent {
  readonly name = "panes";
  readonly format: string;
  readonly #options: KernelPanesOptions<T>;
  readonly #slices: SliceLayout | undefined;
  readonly #maxParallelism: number;
  readonly #keys = new KeySlots();
  readonly #numbers = new KeyNumbers(this.#keys, (key) => this.#newNumberOf(this.#kernel!, key));
  /** Invariant: no span is empty, apart from those whose first rows are collected only. */
  readonly #schedule: WindowSchedule;
  readonly #spans: KernelSpans;
  readonly #marks = new FiringMarks();
  readonly #tracker: ChangeTracker;
  /** Undefined before the first record, and after the panes have moved to the heap. */
  #kernel: Kernel | undefined;
  #plan: KernelPlan | undefined;
  #heap: HeapPanes<T, Slots> | undefined;
  /** The time up to which panes have fired, as last told; NaN before the first time, within a restore that is. It is set with each row, so it is a number always. */
  #firedUntil = NaN;
  readonly #batchReader: BatchReader;
  readonly #batchWriter = new BatchWriter(this.#numbers);
  /** What rows of the batch at hand are taken from. */
  #batch: BatchInput | undefined;
  /** Rows in the kernel's input that are not added yet. */
  #collected = 0;
  /** Windows that are due, in the order in which they fire; those before `#firingIndex` have fired. */
  #firing: FiringWindow[] = [];
  #firingIndex = 0;
  #firingTime = -Infinity;
  /** What the last image lay in, for the next one. */
  #imageMemory: ArrayBuffer | undefined;
  /** The window whose keys the kernel has put in order, and how many there are. */
  #ordered: FiringWindow | undefined;
  #orderedCount = 0;

  constructor(options: KernelPanesOptions<T>) {
    this.format = paneFormat(options);
    this.#options = options;
    this.#slices = options.slices;
    this.#maxParallelism = options.registry.maxParallelism;
    this.#schedule = new WindowSchedule(options.deadlines);
    this.#spans = new KernelSpans(options.slices, this.#schedule);
    this.#batchReader = new BatchReader(options.batchKeys ?? NO_KEYS, options.aggregates, this.#maxParallelism);
    this.#tracker = options.registry.register(this);
  }

  get size(): number {
    this.#flush();
    return this.#heap?.size ?? this.#kernel?.size ?? 0;
  }

  /** Whether a kernel holds the panes; false where values did not fit one. */
  get isInKernel(): boolean {
    return this.#heap === undefined;
  }

  add(key: KeyId, windows: readonly TimeWindow[], record: T, timestamp: number, firedUntil: number): void {
    this.#firedUntil = firedUntil;
    const kernel = this.#kernel ?? this.#kernelFor(record);
    if (kernel === undefined) return this.#toHeap().add(key, windows, record, timestamp, firedUntil);
    if (this.#slices !== undefined) {
      const span = this.#spans.ofSlice(kernel, this.#slices, windows, timestamp, firedUntil);
      if (this.#addTo(kernel, span, key, record, timestamp)) return;
      return this.#toHeap().add(key, windows, record, timestamp, firedUntil);
    }
    for (let index = 0; index < windows.length; index += 1) {
      const span = this.#spans.ofWindow(kernel, windows[index]!, firedUntil);
      if (this.#addTo(kernel, span, key, record, timestamp)) continue;
      return this.#toHeap().add(key, windows.slice(index), record, timestamp, firedUntil);
    }
  }

  get givesColumns(): boolean {
    return this.#heap === undefined;
  }

  beginColumns(batch: ColumnBatch): number {
    this.#batch = this.#heap === undefined ? this.#batchReader.read(batch, this.#plan) : undefined;
    return this.#batch === undefined ? 0 : this.#batch.rowEnd;
  }

  openSpan(windows: readonly TimeWindow[], timestamp: number, firedUntil: number): OpenSpan {
    this.#firedUntil = firedUntil;
    const kernel = this.#kernel ?? this.#start(this.#batch?.plan);
    assert(kernel !== undefined, "spans are opened for rows of a batch that can be added as columns");
    if (this.#slices !== undefined) return this.#spans.ofSlice(kernel, this.#slices, windows, timestamp, firedUntil);
    assert(windows.length === 1, "a row names its window");
    return this.#spans.ofWindow(kernel, windows[0]!, firedUntil);
  }

  addColumns(rows: RowRun, spans: Int32Array, count: number): boolean {
    const kernel = this.#kernel;
    const batch = this.#batch;
    if (kernel === undefined || batch === undefined) return count === 0;
    const mayFail = batch.plan.mayOverflow || mayRefuse(batch);
    // What is added in several parts cannot be taken back.
    if (mayFail && KERNEL_ROWS_MAX < count) return false;
    if (KERNEL_ROWS_MAX < this.#collected + count) this.#flush();
    for (let from = 0; from < count; ) {
      const taken = Math.min(count - from, KERNEL_ROWS_MAX - this.#collected);
      if (!this.#batchWriter.write(kernel, batch, rows, spans, from, taken, this.#collected)) return false;
      if (batch.plan.mayOverflow) return kernel.add(kernel.input, taken);
      this.#collected += taken;
      if (this.#collected === KERNEL_ROWS_MAX) this.#flush();
      from += taken;
    }
    return true;
  }

  keyOf(number: number): KeyId {
    return this.#keys.keyOf(number);
  }

  read(key: KeyId, window: TimeWindow): Slots | undefined {
    const row = this.readRow(key, window);
    return row === undefined ? this.#heap?.read(key, window) : slotsAt(row, 0);
  }

  readRow(key: KeyId, window: TimeWindow): KernelOutput | undefined {
    this.#flush();
    const kernel = this.#kernel;
    const number = kernel === undefined ? undefined : this.#keys.find(key);
    if (kernel === undefined || number === undefined) return undefined;
    const found = kernel.read(this.#spans.handlesOf(window), number);
    if (found === OVERFLOW) this.#toHeap();
    return found === OVERFLOW || found === 0 ? undefined : kernel.output;
  }

  merge(key: KeyId, target: TimeWindow, sources: readonly TimeWindow[], firedUntil: number): void {
    this.#flush();
    this.#firedUntil = firedUntil;
    const kernel = this.#kernel;
    if (kernel === undefined) return this.#heap?.merge(key, target, sources, firedUntil);
    assert(this.#slices === undefined, "windows that merge are not sliced");
    const number = this.#keys.find(key);
    if (number === undefined) return;
    const spans = sources.map(({ start, end }) => this.#spans.get(start, end)).filter((span) => span !== undefined);
    const found = kernel.read(spans.map(({ handle }) => handle), number);
    if (found === OVERFLOW) return this.#toHeap().merge(key, target, sources, firedUntil);
    if (found === 0) return;
    for (const span of spans) this.#removeSource(kernel, span, key, number);
    const span = this.#spans.ofWindow(kernel, target, firedUntil);
    const countBefore = kernel.count(span.handle);
    kernel.put(span.handle, true);
    assert(countBefore < kernel.count(span.handle), "a pane that others are merged into is one of them, or new");
    this.#freeSlots(kernel);
  }

  nextDeadline(): number {
    if (this.#heap !== undefined) return this.#heap.nextDeadline();
    const firing = this.#firing[this.#firingIndex];
    const next = this.#schedule.nextDeadline();
    return firing === undefined ? next : Math.min(next, this.#options.deadlines.fireTime(firing.window));
  }

  fireDue(time: number, each: EachPane, mayContinue: () => boolean): boolean {
    this.#flush();
    if (this.#heap !== undefined) return this.#heap.fireDue(time, each, mayContinue);
    this.#firedUntil = time;
    this.#firingTime = time;
    this.#takeDue(time);
    const kernel = this.#kernel;
    for (; kernel !== undefined && this.#firingIndex < this.#firing.length; this.#firingIndex += 1) {
      const fired = this.#fireWindow(kernel, this.#firing[this.#firingIndex]!, each, mayContinue);
      if (fired === OVERFLOW) return this.#toHeap().fireDue(time, each, mayContinue);
      if (!fired) return false;
    }
    this.#firing = [];
    this.#firingIndex = 0;
    return true;
  }

  fireDueColumns(time: number, each: EachPaneColumns, mayContinue: () => boolean): boolean {
    this.#flush();
    assert(this.#heap === undefined, "panes are fired as columns where they give columns");
    const kernel = this.#kernel;
    this.#firedUntil = time;
    this.#firingTime = time;
    this.#takeDue(time);
    for (; kernel !== undefined && this.#firingIndex < this.#firing.length; this.#firingIndex += 1) {
      const fired = this.#fireWindowColumns(kernel, this.#firing[this.#firingIndex]!, each, mayContinue);
      // The caller goes on with rows, which know the error.
      if (fired === OVERFLOW) this.#toHeap();
      if (fired !== true) return false;
    }
    this.#firing = [];
    this.#firingIndex = 0;
    return true;
  }

  dropDue(time: number, each: ((key: KeyId, window: TimeWindow) => void) | undefined): void {
    this.#flush();
    const kernel = this.#kernel;
    if (kernel === undefined) return this.#heap?.dropDue(time, each);
    assert(this.#firing.length === 0, "panes are dropped when nothing is left to fire");
    for (const window of this.#schedule.takeDrops(time)) {
      if (each !== undefined) for (const number of this.#numbersOf(kernel, window)) each(this.#keys.keyOf(number), window);
      const end = this.#slices === undefined ? window.end : endOfLastSlices(this.#slices, window);
      for (const span of this.#spans.between(window.start, end)) {
        if (span.isStored && this.#tracker.isIdle !== true) {
          for (const number of this.#numbersIn(kernel, span, "all")) this.#tracker.changed(this.#keys.keyOf(number), span.text);
        }
        this.#ordered = undefined;
        this.#spans.forget(kernel, span);
      }
    }
    this.#freeSlots(kernel);
  }

  resumeFrom(firedUntil: number, further?: FiredGroups): void {
    if (further !== undefined) this.#toHeap();
    this.#firedUntil = firedUntil;
    const kernel = this.#kernel;
    if (kernel === undefined) return this.#heap?.resumeFrom(firedUntil, further);
    for (const { start, end } of this.#spans) {
      if (this.#slices === undefined) this.#schedule.add(new TimeWindow(start, end), firedUntil);
      else this.#resumeSlice(this.#slices, start, firedUntil);
    }
    const toFire = new Map<Namespace, Set<number>>();
    this.#marks.forEach((key, text, mark) => {
      const window = spanOf(text);
      if (this.#slices !== undefined) this.#schedule.add(window, firedUntil);
      if (mark !== TO_FIRE) return;
      toFire.set(text, (toFire.get(text) ?? new Set<number>()).add(this.#markedNumber(kernel, key, window)));
    });
    this.#firing = Array.from(toFire, ([text, only]) => ({ window: spanOf(text), only, firedCount: 0 })).sort(byWindow);
    this.#firingTime = firedUntil;
  }

  forEachAddress(visit: (key: KeyId, namespace: Namespace) => void): void {
    this.#flush();
    if (this.#heap !== undefined) return this.#heap.forEachAddress(visit);
    const kernel = this.#kernel;
    if (kernel !== undefined) {
      for (const span of this.#spans) {
        for (const number of this.#numbersIn(kernel, span, "all")) visit(this.#keys.keyOf(number), span.text);
      }
    }
    this.#marks.forEachAddress(visit);
  }

  writeEntry(key: KeyId, namespace: Namespace, writer: ByteWriter): boolean {
    this.#flush();
    if (this.#heap !== undefined) return this.#heap.writeEntry(key, namespace, writer);
    if (isMark(namespace)) return this.#marks.write(key, namespace, writer);
    const pane = this.#paneAt(key, namespace);
    if (pane === undefined) return false;
    writePane(writer, pane, this.#options.contentsType);
    return true;
  }

  #paneAt(key: KeyId, namespace: Namespace): StoredPane<Slots> | undefined {
    const kernel = this.#kernel;
    const span = this.#spans.at(namespace);
    const number = this.#keys.find(key);
    if (kernel === undefined || span === undefined || number === undefined || kernel.read(span.alone, number) === 0) return undefined;
    return { position: kernel.output.positions[0]!, contents: slotsAt(kernel.output, 0) };
  }

  restoreEntry(key: KeyId, namespace: Namespace, reader: ByteReader): void {
    if (this.#heap !== undefined) return this.#heap.restoreEntry(key, namespace, reader);
    if (isMark(namespace)) return this.#marks.restore(key, namespace, reader);
    const pane = readPane(reader, this.#options.contentsType);
    const kernel = this.#kernel ?? this.#start(KernelPlan.forSlots(this.#options.aggregates, pane.contents, this.#maxParallelism));
    // Whatever may grow the kernel's memory comes before its output is written.
    const span = kernel === undefined ? undefined : (this.#spans.at(namespace) ?? this.#spans.openAt(kernel, namespace));
    const number = kernel === undefined ? 0 : (this.#keys.find(key) ?? this.#newNumberOf(kernel, key));
    if (kernel === undefined || span === undefined || !this.#plan!.writeSlots(pane.contents, kernel.output)) {
      return this.#toHeap().restorePane(key, namespace, pane);
    }
    kernel.output.keys[0] = number;
    kernel.output.positions[0] = pane.position;
    kernel.put(span.handle, false);
  }

  removeRestored(key: KeyId, namespace: Namespace): void {
    if (this.#heap !== undefined) return this.#heap.removeRestored(key, namespace);
    if (isMark(namespace)) return this.#marks.remove(key, namespace);
    const kernel = this.#kernel;
    const span = this.#spans.at(namespace);
    const number = this.#keys.find(key);
    if (kernel === undefined || span === undefined || number === undefined) return;
    kernel.remove(span.handle, number);
    if (kernel.count(span.handle) === 0) this.#spans.forget(kernel, span);
    this.#freeSlots(kernel);
  }

  prepareSnapshot(): void {
    this.#flush();
    if (this.#heap !== undefined) return this.#heap.prepareSnapshot();
    const kernel = this.#kernel;
    if (kernel === undefined) return;
    for (const span of this.#spans) {
      if (this.#tracker.isIdle === true) kernel.list(span.handle, "changed");
      else for (const number of this.#numbersIn(kernel, span, "changed")) this.#tracker.changed(this.#keys.keyOf(number), span.text);
    }
    this.#replaceMarks(kernel);
    this.#rebuildIfWorth(kernel);
  }

  /** Costs one copy of the kernel's memory, and looks at no key; but for marks, where a firing is under way. */
  freeze(): FrozenEntries | undefined {
    this.#flush();
    const kernel = this.#kernel;
    if (kernel === undefined) return undefined;
    this.#replaceMarks(kernel);
    const marks: { readonly key: KeyId; readonly namespace: Namespace; readonly mark: number }[] = [];
    this.#marks.forEachAddress((key, namespace) => marks.push({ key, namespace, mark: this.#marks.get(key, namespace)! }));
    const image = kernel.snapshot(this.#imageMemory);
    this.#imageMemory = undefined;
    kernel.settle();
    this.#rebuildIfWorth(kernel);
    const { name, format } = this;
    const { contentsType } = this.#options;
    const release = (): void => {
      this.#keys.thaw();
      if (image.buffer.byteLength <= IMAGE_MEMORY_FACTOR * image.byteLength) this.#imageMemory = image.buffer;
    };
    return new FrozenPanes({ name, format, image, wordTypes: wordTypes(this.#plan!.spec), contentsType, keyOfSlot: this.#keys.freeze(), marks, release });
  }

  /** Undefined where no kernel can hold the record's values. */
  #kernelFor(record: T): Kernel | undefined {
    if (this.#heap !== undefined) return undefined;
    return this.#start(KernelPlan.forRecord(this.#options.aggregates, record, this.#maxParallelism));
  }

  #start(plan: KernelPlan | undefined): Kernel | undefined {
    if (plan === undefined) return undefined;
    this.#plan = plan;
    this.#kernel = this.#options.makeKernel(plan.spec);
    return this.#kernel;
  }

  /** Returns false, and has added nothing, where the kernel cannot hold the record's values. */
  #addTo(kernel: Kernel, span: KernelSpan, key: KeyId, record: T, timestamp: number): boolean {
    const number = this.#keys.find(key) ?? this.#newNumberOf(kernel, key);
    const row = this.#collected;
    const plan = this.#plan!;
    const { keys, spans, timestamps, values } = kernel.input;
    if (!plan.write(record, values, row)) return false;
    keys[row] = number;
    spans[row] = span.handle;
    if (plan.readsTimes) timestamps[row] = timestamp;
    // An error must name the record that causes it, so such rows go in one by one.
    if (plan.mayOverflow) return kernel.add(kernel.input, 1);
    this.#collected = row + 1;
    if (this.#collected === KERNEL_ROWS_MAX) this.#flush();
    return true;
  }

  #flush(): void {
    if (this.#collected === 0) return;
    const added = this.#kernel!.add(this.#kernel!.input, this.#collected);
    this.#collected = 0;
    assert(added, "rows that may overflow are not collected");
  }

  #newNumberOf(kernel: Kernel, key: KeyId): number {
    const slot = this.#keys.assign(key);
    kernel.nameSlot(slot, keyGroupOf(key, this.#maxParallelism));
    return FIRST_KEY_SLOT + slot;
  }

  #freeSlots(kernel: Kernel): void {
    if (this.#keys.isTimeToFree() || kernel.size === 0) this.#freeAllSlots(kernel);
  }

  #freeAllSlots(kernel: Kernel): void {
    const slots = kernel.takeFreedSlots();
    this.#keys.free(slots);
    this.#numbers.forget(slots);
  }

  /** Moves everything to the heap, for good: values that do not fit come again. It is also where a window may have fired for some of its keys only. */
  #toHeap(): HeapPanes<T, Slots> {
    if (this.#heap !== undefined) return this.#heap;
    // Within a restore no change is to be reported, and what is due not known yet.
    const isRestoring = Number.isNaN(this.#firedUntil);
    if (!isRestoring) this.prepareSnapshot();
    const { deadlines, contents, contentsType, slices } = this.#options;
    const registry = { maxParallelism: this.#maxParallelism, register: () => this.#sameTracker() };
    const heap = new HeapPanes({ deadlines, contents, contentsType, slices, registry, nextPosition: this.#kernel?.nextPosition });
    // Panes go as they are: whoever has no snapshots has no codecs either.
    this.forEachAddress((key, namespace) => {
      if (isMark(namespace)) heap.restoreMark(key, namespace, this.#marks.get(key, namespace)!);
      else heap.restorePane(key, namespace, this.#paneAt(key, namespace)!);
    });
    if (!isRestoring) heap.resumeFrom(this.#firedUntil);
    this.#heap = heap;
    this.#kernel = undefined;
    this.#ordered = undefined;
    return heap;
  }

  /** Our own tracker is not known yet where a restore moves the panes to the heap. */
  #sameTracker(): ChangeTracker {
    const interval = (): number => this.#tracker.interval;
    return {
      get interval() {
        return interval();
      },
      changed: (key, namespace) => this.#tracker.changed(key, namespace),
    };
  }

  #replaceMarks(kernel: Kernel): void {
    this.#spans.store();
    this.#ordered = undefined;
    this.#marks.replace((visit) => this.#collectMarks(kernel, visit), this.#tracker);
  }

  /** A WebAssembly memory never shrinks: where little of it is in use, a new kernel begins with that. */
  #rebuildIfWorth(kernel: Kernel): void {
    const { usedBytes, heldBytes } = kernel.memory;
    if (heldBytes < REBUILT_BYTES_MIN || heldBytes <= 4 * usedBytes) return;
    // A kernel that is given only panes knows nothing of slots that wait to be freed.
    this.#freeAllSlots(kernel);
    const fresh = this.#options.makeKernel(this.#plan!.spec);
    this.#keys.forEach((slot, key) => fresh.nameSlot(slot, keyGroupOf(key, this.#maxParallelism)));
    fresh.restore(kernel.snapshot());
    this.#kernel = fresh;
    this.#ordered = undefined;
  }

  #removeSource(kernel: Kernel, span: KernelSpan, key: KeyId, number: number): void {
    const countBefore = kernel.count(span.handle);
    kernel.remove(span.handle, number);
    const count = kernel.count(span.handle);
    if (count === countBefore) return;
    this.#tracker.changed(key, span.text);
    if (0 < count) return;
    this.#spans.forget(kernel, span);
    this.#schedule.remove(new TimeWindow(span.start, span.end));
  }

  #takeDue(time: number): void {
    const due = this.#schedule.takeFires(time);
    if (due.length === 0) return;
    const firing = this.#firing.slice(this.#firingIndex);
    for (const window of due) firing.push({ window, only: undefined, firedCount: 0 });
    this.#firing = firing.sort(byWindow);
    this.#firingIndex = 0;
  }

  #fireWindow(kernel: Kernel, firing: FiringWindow, each: EachPane, mayContinue: () => boolean): boolean | typeof OVERFLOW {
    const { window, only } = firing;
    for (;;) {
      if (!this.#isOrdered(kernel, firing)) return OVERFLOW;
      const count = Math.min(FIRED_PANES_MAX, this.#orderedCount - firing.firedCount);
      if (count === 0) return true;
      kernel.take(firing.firedCount, count);
      const numbers = kernel.output.keys.slice(0, count);
      const contents = Array.from(numbers, (_number, row) => slotsAt(kernel.output, row));
      for (let row = 0; row < count; row += 1) {
        const number = numbers[row]!;
        const fires = only === undefined || only.has(number);
        if (fires && !mayContinue()) return false;
        firing.firedCount += 1;
        if (fires) each(this.#keys.keyOf(number), window, contents[row]!);
      }
    }
  }

  #fireWindowColumns(kernel: Kernel, firing: FiringWindow, each: EachPaneColumns, mayContinue: () => boolean): boolean | typeof OVERFLOW {
    const { window, only } = firing;
    for (;;) {
      if (!this.#isOrdered(kernel, firing)) return OVERFLOW;
      const count = Math.min(KERNEL_ROWS_MAX, this.#orderedCount - firing.firedCount);
      if (count === 0) return true;
      if (!mayContinue()) return false;
      kernel.take(firing.firedCount, count);
      firing.firedCount += count;
      const { output } = kernel;
      const fires = only === undefined ? count : keepOnly(output, count, only);
      if (0 < fires) each(window, fires, output);
    }
  }

  /** Has the kernel put the keys of a window in order, if they are not; false where a sum leaves its range. */
  #isOrdered(kernel: Kernel, firing: FiringWindow): boolean {
    if (this.#ordered === firing) return true;
    this.#orderedCount = kernel.fire(this.#spans.handlesOf(firing.window), true);
    if (this.#orderedCount === OVERFLOW) return false;
    this.#ordered = firing;
    return true;
  }

  /** The numbers of the keys of a window, in the order in which they fire. */
  #numbersOf(kernel: Kernel, window: TimeWindow): number[] {
    return this.#takeNumbers(kernel, kernel.fire(this.#spans.handlesOf(window), false));
  }

  #numbersIn(kernel: Kernel, span: KernelSpan, which: "all" | "changed"): number[] {
    return this.#takeNumbers(kernel, kernel.list(span.handle, which));
  }

  #takeNumbers(kernel: Kernel, count: number): number[] {
    this.#ordered = undefined;
    const numbers: number[] = [];
    for (let from = 0; from < count; from += KERNEL_ROWS_MAX) {
      const taken = Math.min(KERNEL_ROWS_MAX, count - from);
      kernel.take(from, taken);
      for (let row = 0; row < taken; row += 1) numbers.push(kernel.output.keys[row]!);
    }
    return numbers;
  }

  #markedNumber(kernel: Kernel, key: KeyId, window: TimeWindow): number {
    const number = this.#keys.find(key);
    if (number !== undefined && kernel.read(this.#spans.handlesOf(window), number) !== 0) return number;
    throw corrupt(`the window ${window} is marked, but holds nothing`);
  }

  #resumeSlice(layout: SliceLayout, start: number, firedUntil: number): void {
    // What was dropped before is told from what is still to be dropped by marks alone: the slices outlive both.
    for (const window of windowsOfSlice(layout, start)) {
      if (firedUntil < this.#options.deadlines.dropTime(window)) this.#schedule.add(window, firedUntil);
    }
  }

  #collectMarks(kernel: Kernel, visit: VisitMark): void {
    const firing = this.#firing.slice(this.#firingIndex);
    if (firing.length === 0) return;
    // Without slices a pane that is there is still to be dropped, and needs no mark for it.
    if (this.#slices !== undefined) {
      for (const window of this.#schedule.dropsUntil(this.#firingTime)) {
        const text = spanText(window.start, window.end);
        for (const number of this.#numbersOf(kernel, window)) visit(this.#keys.keyOf(number), text, TO_DROP);
      }
    }
    for (const { window, only, firedCount } of firing) {
      const text = spanText(window.start, window.end);
      for (const number of this.#numbersOf(kernel, window).slice(firedCount)) {
        if (only === undefined || only.has(number)) visit(this.#keys.keyOf(number), text, TO_FIRE);
      }
    }
  }
}

function byWindow(a: FiringWindow, b: FiringWindow): number {
  return compareWindows(a.window, b.window);
}
