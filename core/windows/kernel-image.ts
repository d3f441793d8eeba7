import { assert } from "../lib/assert.ts";

/**
 * The bytes of `Kernel.snapshot`, little-endian: version, words a pane, next position, number of spans; then each span: start, end, handle, number of panes,
 * their keys, padded to a multiple of eight bytes, and their words.
 */
export const IMAGE_VERSION = 2;
export const IMAGE_HEADER_BYTES = 24;
export const IMAGE_SPAN_BYTES = 24;

/** The panes of a span, as a kernel holds them. */
export interface ImageTable {
  readonly start: number;
  readonly end: number;
  readonly handle: number;
  /** A key for each pane, as bytes; so are the words. */
  readonly keys: Uint8Array;
  readonly words: Uint8Array;
}

/** The image of a kernel with these spans, in the memory of an earlier one where it fits: fresh memory costs as much again as the copy. */
export function writeImage(
  stride: number,
  nextPosition: number,
  tables: readonly ImageTable[],
  memory: ArrayBuffer | undefined,
): Uint8Array<ArrayBuffer> {
  let length = IMAGE_HEADER_BYTES;
  for (const { keys, words } of tables) length += IMAGE_SPAN_BYTES + keyBytes(keys.length / 4) + words.length;
  const image = memory !== undefined && length <= memory.byteLength ? new Uint8Array(memory, 0, length) : new Uint8Array(length);
  const view = new DataView(image.buffer);
  writeHeader(view, { stride, nextPosition, spanCount: tables.length });
  let at = IMAGE_HEADER_BYTES;
  for (const { start, end, handle, keys, words } of tables) {
    const count = keys.length / 4;
    writeSpan(view, at, { start, end, handle, count });
    at += IMAGE_SPAN_BYTES;
    image.set(keys, at);
    at += keyBytes(count);
    image.set(words, at);
    at += words.length;
  }
  return image;
}

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

function writeHeader(view: DataView, { stride, nextPosition, spanCount }: ImageHeader): void {
  view.setUint32(0, IMAGE_VERSION, true);
  view.setUint32(4, stride, true);
  view.setFloat64(8, nextPosition, true);
  view.setUint32(16, spanCount, true);
}

export function readHeader(view: DataView): ImageHeader {
  assert(view.getUint32(0, true) === IMAGE_VERSION, "the image of a kernel has the version that is written today");
  return { stride: view.getUint32(4, true), nextPosition: view.getFloat64(8, true), spanCount: view.getUint32(16, true) };
}

function writeSpan(view: DataView, at: number, { start, end, handle, count }: ImageSpan): void {
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
