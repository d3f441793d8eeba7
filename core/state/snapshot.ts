import type { ByteReader } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import type { KeyGroupRange } from "./key-groups.ts";

/** A stretch of a part. Parts are immutable; several handles may point into one. */
export interface PartRef {
  readonly part: string;
  readonly offset: number;
  readonly length: number;
}

/** The bytes of one base or delta of a key group: one stretch, or several in order where it crosses the end of a part. */
export type SegmentRef = readonly PartRef[];

/** Where the state of one key group lies: the base, then each delta, oldest first. */
export interface KeyGroupHandle {
  readonly group: number;
  readonly base: SegmentRef;
  readonly deltas: readonly SegmentRef[];
}

/** The keyed state of one operator subtask at one checkpoint. Plain JSON. A group without state is absent. */
export interface KeyedStateHandle {
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  /** Ascending by group. */
  readonly groups: readonly KeyGroupHandle[];
  /** How large the parts are that it points into, by name: as much is stored for as long as it points there. */
  readonly parts: { readonly [part: string]: number };
}

/** A handle, and the parts that are new with it: all others were written for earlier checkpoints. */
export interface KeyedSnapshot {
  readonly handle: KeyedStateHandle;
  /** By name; at most 4 MiB each, and at least 1 MiB but for the last. */
  readonly parts: ReadonlyMap<string, Uint8Array>;
}

/** A snapshot that is taken, and written while the state goes on. */
export interface TakenSnapshot {
  /** Writes a further piece of it; undefined while more is left. */
  write(): KeyedSnapshot | undefined;
  /** Writes all that is left. */
  finish(): KeyedSnapshot;
}

/** Names the `index`-th new part of a checkpoint; never the same name twice within a job. */
export type PartName = (checkpointId: number, index: number) => string;

const PART_BYTES_MIN = 1024 * 1024;
const PART_BYTES_MAX = 4 * PART_BYTES_MIN;

/** Bytes of all that the segment holds. */
export function segmentBytes(segment: SegmentRef): number {
  let total = 0;
  for (const { length } of segment) total += length;
  return total;
}

/** Bytes of all that the handle points to: the size of the state as it is stored. */
export function handleBytes(handle: KeyedStateHandle): number {
  let total = 0;
  for (const { base, deltas } of handle.groups) {
    total += segmentBytes(base);
    for (const delta of deltas) total += segmentBytes(delta);
  }
  return total;
}

/** Every stretch that the handle points to. */
export function* partRefs({ base, deltas }: KeyGroupHandle): Generator<PartRef> {
  yield* base;
  for (const delta of deltas) yield* delta;
}

/** The sizes of the parts that these handles point into, some of them new, the others as they were. */
export function partSizes(groups: readonly KeyGroupHandle[], added: ReadonlyMap<string, Uint8Array>, before: KeyedStateHandle["parts"]): KeyedStateHandle["parts"] {
  const sizes: Record<string, number> = {};
  for (const handle of groups) {
    for (const { part } of partRefs(handle)) sizes[part] ??= added.get(part)?.length ?? before[part]!;
  }
  return sizes;
}

/** Lays segments one behind the other into parts. */
export class PartPacker {
  readonly parts = new Map<string, Uint8Array>();
  readonly #nameOf: (index: number) => string;
  #name: string;
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(nameOf: (index: number) => string) {
    this.#nameOf = nameOf;
    this.#name = nameOf(0);
  }

  /** Takes the bytes over: they must not change until `finish`. */
  add(segment: Uint8Array): SegmentRef {
    // A segment is cut only where that keeps a part from being too small or too large.
    if (PART_BYTES_MIN <= this.#length && PART_BYTES_MAX < this.#length + segment.length) this.#closePart();
    const refs: PartRef[] = [];
    for (let offset = 0; offset < segment.length; ) {
      const length = Math.min(segment.length - offset, PART_BYTES_MAX - this.#length);
      refs.push({ part: this.#name, offset: this.#length, length });
      this.#chunks.push(segment.subarray(offset, offset + length));
      this.#length += length;
      offset += length;
      if (this.#length === PART_BYTES_MAX) this.#closePart();
    }
    return refs;
  }

  finish(): ReadonlyMap<string, Uint8Array> {
    if (0 < this.#length) this.#closePart();
    return this.parts;
  }

  #closePart(): void {
    const part = new Uint8Array(this.#length);
    let offset = 0;
    for (const chunk of this.#chunks) {
      part.set(chunk, offset);
      offset += chunk.length;
    }
    this.parts.set(this.#name, part);
    this.#name = this.#nameOf(this.parts.size);
    this.#chunks = [];
    this.#length = 0;
  }
}

/** Points the reader at the bytes of a segment; they are copied only where they lie in several parts. */
export function openSegment(reader: ByteReader, segment: SegmentRef, read: (part: string) => Uint8Array): Uint8Array {
  const pieces = segment.map((ref) => pieceOf(ref, read));
  const [only] = pieces;
  const bytes = pieces.length === 1 && only !== undefined ? only : concatenated(pieces);
  reader.reset(bytes);
  return bytes;
}

function pieceOf({ part, offset, length }: PartRef, read: (part: string) => Uint8Array): Uint8Array {
  const bytes = read(part);
  if (bytes.length < offset + length) {
    throw corrupt(`part ${JSON.stringify(part)} has ${bytes.length} bytes, but ${offset + length} were written`);
  }
  return bytes.subarray(offset, offset + length);
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}
