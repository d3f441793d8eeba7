import { assert } from "../lib/assert.ts";

/**
 * The bytes of `Kernel.snapshot`, little-endian: version, words a pane, next position, number of spans; then each span: start, end, handle, number of panes,
 * their keys, padded to a multiple of eight bytes, and their words.
 */
export const IMAGE_VERSION = 1;
export const IMAGE_HEADER_BYTES = 24;
export const IMAGE_SPAN_BYTES = 24;

export interface ImageHeader {
  /** Words of a pane, its position included. */
  readonly stride: number;
  readonly nextPosition: number;
  readonly spanCount: number;
}

export interface ImageSpan {
  readonly start: number;
  readonly end: number;
  readonly handle: number;
  readonly count: number;
}

/** Bytes of the keys of `count` panes. */
export function keyBytes(count: number): number {
  return Math.ceil(count / 2) * 8;
}

export function writeHeader(view: DataView, { stride, nextPosition, spanCount }: ImageHeader): void {
  view.setUint32(0, IMAGE_VERSION, true);
  view.setUint32(4, stride, true);
  view.setFloat64(8, nextPosition, true);
  view.setUint32(16, spanCount, true);
}

export function readHeader(view: DataView): ImageHeader {
  assert(view.getUint32(0, true) === IMAGE_VERSION, "the image of a kernel has the version that is written today");
  return { stride: view.getUint32(4, true), nextPosition: view.getFloat64(8, true), spanCount: view.getUint32(16, true) };
}

export function writeSpan(view: DataView, at: number, { start, end, handle, count }: ImageSpan): void {
  view.setFloat64(at, start, true);
  view.setFloat64(at + 8, end, true);
  view.setUint32(at + 16, handle, true);
  view.setUint32(at + 20, count, true);
}

export function readSpan(view: DataView, at: number): ImageSpan {
  return {
    start: view.getFloat64(at, true),
    end: view.getFloat64(at + 8, true),
    handle: view.getUint32(at + 16, true),
    count: view.getUint32(at + 20, true),
  };
}
