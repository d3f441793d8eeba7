import type { Namespace } from "../state/keyed-state.ts";
import type { Kernel } from "./kernel.ts";
import { type SliceLayout, sliceStartOf, spanOf, spanText } from "./pane-layout.ts";
import { TimeWindow } from "./time-window.ts";
import { type Spanned, WindowMap } from "./window-map.ts";
import type { WindowSchedule } from "./window-schedule.ts";

/** A window or slice that the kernel holds panes of. */
export interface KernelSpan extends Spanned {
  readonly text: Namespace;
  readonly handle: number;
  /** Its handle, as a list. */
  readonly alone: readonly number[];
  /** Whether a snapshot may hold any of it; otherwise nobody need be told when it is dropped. */
  isStored: boolean;
}

const NO_HANDLES: readonly number[] = [];

/** The windows or slices of a kernel, by their times. A window is scheduled when its first span is opened. */
export class KernelSpans {
  readonly #slices: SliceLayout | undefined;
  readonly #schedule: WindowSchedule;
  readonly #spans = new WindowMap<KernelSpan>();
  /** Records of one span mostly come one after the other, and so do entries of a snapshot. */
  #last: KernelSpan | undefined;
  /** The window that was asked for last, and its span: records of one cell come with the same object. */
  #lastWindow: TimeWindow | undefined;
  #ofLastWindow: KernelSpan | undefined;

  constructor(slices: SliceLayout | undefined, schedule: WindowSchedule) {
    this.#slices = slices;
    this.#schedule = schedule;
  }

  [Symbol.iterator](): IterableIterator<KernelSpan> {
    return this.#spans[Symbol.iterator]();
  }

  get(start: number, end: number): KernelSpan | undefined {
    return this.#spans.get(start, end);
  }

  /** The span of a namespace in snapshots. */
  at(namespace: Namespace): KernelSpan | undefined {
    if (this.#last?.text === namespace) return this.#last;
    const { start, end } = spanOf(namespace);
    const span = this.#spans.get(start, end);
    if (span !== undefined) this.#last = span;
    return span;
  }

  /** The span of a window that is kept as a whole. */
  ofWindow(kernel: Kernel, window: TimeWindow, firedUntil: number): KernelSpan {
    if (window === this.#lastWindow) return this.#ofLastWindow!;
    const { start, end } = window;
    let span = this.#spans.get(start, end);
    if (span === undefined) {
      span = this.open(kernel, start, end);
      this.#schedule.add(window, firedUntil);
    }
    this.#lastWindow = window;
    this.#ofLastWindow = span;
    return span;
  }

  /** The slice of a timestamp. The windows of a slice that is there are scheduled: those that are not dropped only become fewer. */
  ofSlice(kernel: Kernel, layout: SliceLayout, windows: readonly TimeWindow[], timestamp: number, firedUntil: number): KernelSpan {
    const last = this.#last;
    if (last !== undefined && last.start <= timestamp && timestamp < last.end) return last;
    const start = sliceStartOf(layout, timestamp);
    let span = this.#spans.get(start, start + layout.sliceMs);
    if (span === undefined) {
      span = this.open(kernel, start, start + layout.sliceMs);
      for (const window of windows) this.#schedule.add(window, firedUntil);
    }
    this.#last = span;
    return span;
  }

  open(kernel: Kernel, start: number, end: number): KernelSpan {
    const handle = kernel.open(start, end);
    const span: KernelSpan = { start, end, text: spanText(start, end), handle, alone: [handle], isStored: false };
    this.#spans.add(span);
    return span;
  }

  openAt(kernel: Kernel, namespace: Namespace): KernelSpan {
    const { start, end } = spanOf(namespace);
    const span = this.open(kernel, start, end);
    span.isStored = true;
    return span;
  }

  /** A snapshot is taken. */
  store(): void {
    for (const span of this.#spans) span.isStored = true;
  }

  /** Drops a span with all its panes; its windows stay scheduled. */
  forget(kernel: Kernel, span: KernelSpan): void {
    kernel.drop(span.handle);
    this.#spans.remove(span);
    if (this.#last === span) this.#last = undefined;
    if (this.#ofLastWindow === span) this.#lastWindow = undefined;
  }

  /** Ascending by start: the one of a window, or the slices from `start` on. */
  between(start: number, end: number): KernelSpan[] {
    const spans: KernelSpan[] = [];
    if (this.#slices === undefined) {
      const span = this.#spans.get(start, end);
      return span === undefined ? spans : [span];
    }
    const { sliceMs } = this.#slices;
    for (let sliceStart = start; sliceStart < end; sliceStart += sliceMs) {
      const span = this.#spans.get(sliceStart, sliceStart + sliceMs);
      if (span !== undefined) spans.push(span);
    }
    return spans;
  }

  handlesOf(window: TimeWindow): readonly number[] {
    if (this.#slices === undefined) return this.#spans.get(window.start, window.end)?.alone ?? NO_HANDLES;
    return this.between(window.start, window.end).map(({ handle }) => handle);
  }
}
