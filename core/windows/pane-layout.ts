import { InvariantViolation, assert } from "../lib/assert.ts";
import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { JobError, corrupt } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { type KeyId, showKey } from "../data/key.ts";
import type { Type } from "../data/type.ts";
import type { Namespace } from "../state/keyed-state.ts";
import type { PaneDeadlines, PaneFunction } from "./panes.ts";
import { TimeWindow, windowStart } from "./time-window.ts";

/** The grid of sliding windows of event time, and the slices that they are summed from. */
export interface SliceLayout {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;
  /** Divides size and slide. */
  readonly sliceMs: number;
}

/** What every implementation of `Panes` is told. */
export interface PanesOptions<T, Contents> {
  readonly deadlines: PaneDeadlines;
  readonly contents: PaneFunction<T, Contents>;
  readonly contentsType: Type<Contents>;
  /** Given where windows slide and the contents can be summed: `contents` then has `merge` and `copy`. */
  readonly slices?: SliceLayout | undefined;
}

/** Looking through the slices of a window must cost less than what sliding windows cost without them. */
const SLICES_PER_WINDOW_MAX = 4096;

/** The slices of sliding windows; undefined where they would be too many to be of use, or no two windows overlap. */
export function sliceLayout(sizeMs: number, slideMs: number, offsetMs: number): SliceLayout | undefined {
  const sliceMs = greatestCommonDivisor(sizeMs, slideMs);
  if (sizeMs <= slideMs || SLICES_PER_WINDOW_MAX < sizeMs / sliceMs) return undefined;
  return { sizeMs, slideMs, offsetMs, sliceMs };
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Start of the slice that a record with this timestamp belongs to. */
export function sliceStartOf(layout: SliceLayout, timestamp: number): number {
  return windowStart(timestamp, layout.offsetMs, layout.sliceMs);
}

/** The windows that cover a slice, ascending. */
export function windowsOfSlice(layout: SliceLayout, sliceStart: number): TimeWindow[] {
  const windows: TimeWindow[] = [];
  let start = windowStart(sliceStart, layout.offsetMs, layout.slideMs);
  for (; sliceStart < start + layout.sizeMs; start -= layout.slideMs) windows.push(new TimeWindow(start, start + layout.sizeMs));
  return windows.reverse();
}

/** End of the slices that no window after this one covers, and that therefore go with it; they begin where it begins. */
export function endOfLastSlices(layout: SliceLayout, window: TimeWindow): number {
  return Math.min(window.start + layout.slideMs, window.end);
}

/** The address of a window or slice in snapshots. */
export function spanText(start: number, end: number): Namespace {
  return `${start}/${end}`;
}

/** The span with this text. */
export function spanOf(text: Namespace): TimeWindow {
  const slash = text.indexOf("/");
  const start = Number(text.slice(0, slash));
  const end = Number(text.slice(slash + 1));
  if (slash < 1 || !(start < end)) throw corrupt(`${JSON.stringify(text)} is no window`);
  return new TimeWindow(start, end);
}

/** Names the format of pane entries: what all implementations of `Panes` write and read. */
export function paneFormat<T, Contents>({ contents, contentsType, slices }: Omit<PanesOptions<T, Contents>, "deadlines">): string {
  const sliced = slices === undefined ? "" : ` in slices ${slices.sizeMs}/${slices.slideMs}/${slices.offsetMs}/${slices.sliceMs}`;
  return `panes ${contents.kind} ${contentsType.name}${sliced}`;
}

/** What an entry of a pane holds. */
export interface StoredPane<Contents> {
  /** Ascends in the order in which the first records came; compared within one window and key group only. */
  position: number;
  contents: Contents;
}

export function writePane<Contents>(writer: ByteWriter, pane: StoredPane<Contents>, type: Type<Contents>): void {
  writer.varint(pane.position);
  type.write(writer, pane.contents);
}

export function readPane<Contents>(reader: ByteReader, type: Type<Contents>): StoredPane<Contents> {
  return { position: reader.varint(), contents: type.read(reader) };
}

/** Adds contents of slices, by ascending start, to one; what is stored stays as it is. */
export class SliceSum<Contents> {
  readonly #contents: PaneFunction<never, Contents>;
  readonly #key: KeyId;
  #total: Contents | undefined;
  #isCopy = false;

  constructor(contents: PaneFunction<never, Contents>, key: KeyId) {
    this.#contents = contents;
    this.#key = key;
  }

  add(part: Contents): void {
    const { merge, copy } = this.#contents;
    if (this.#total === undefined) {
      this.#total = part;
      return;
    }
    assert(merge !== undefined && copy !== undefined, "contents that are kept in slices can be copied and merged");
    try {
      // A pane in one slice alone needs no copy.
      this.#total = merge(this.#isCopy ? this.#total : this.#contents.copy!(this.#total), part);
    } catch (cause) {
      throw this.#failure(cause);
    }
    this.#isCopy = true;
  }

  /** Windows are summed when they fire, where nobody else knows the key. */
  #failure(cause: unknown): unknown {
    if (cause instanceof InvariantViolation) return cause;
    const place = { key: showKey(this.#key) };
    if (cause instanceof JobError) return cause.at(place);
    const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : `the value ${show(cause)} was thrown`;
    return new JobError("USER_FUNCTION_FAILED", text, { ...place, cause });
  }

  get total(): Contents | undefined {
    return this.#total;
  }
}
