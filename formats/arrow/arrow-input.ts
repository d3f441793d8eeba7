import { Table, tableFromIPC } from "@uwdata/flechette";
import { JobError } from "../../core/lib/errors.ts";
import { show } from "../../core/lib/show.ts";

/**
 * Arrow data: a table of flechette, or the bytes of an IPC stream or file. A stream may come in several parts, none of which cuts
 * a message. Bytes must come from a source that you trust: the counts and lengths in them are not compared with what is there, so that
 * changed ones can use up all memory.
 */
export type ArrowData = Table | ArrayBuffer | Uint8Array | readonly Uint8Array[];

/** Views of 8-byte numbers begin at a multiple of 8 only. */
const ALIGNMENT = 8;

/**
 * The table that the data is or holds. Its columns are views of the bytes, which must not change any more; bytes that do not begin
 * at a multiple of 8 in their buffer are copied first.
 *
 * @throws JobError INVALID_ARGUMENT for anything else, MALFORMED_RECORD where the bytes are no Arrow IPC.
 */
export function tableOf(data: ArrowData): Table {
  if (isTable(data)) return data;
  const isParts = Array.isArray(data);
  if (!(data instanceof ArrayBuffer || data instanceof Uint8Array || (isParts && data.every((part) => part instanceof Uint8Array)))) {
    throw new JobError("INVALID_ARGUMENT", `Arrow data is a flechette Table or the bytes of an IPC stream or file, but got ${show(data)}`);
  }
  const bytes = isParts ? (data as readonly Uint8Array[]) : data instanceof Uint8Array ? data : new Uint8Array(data as ArrayBuffer);
  if (byteLengthOf(bytes) === 0) throw malformed("there are none");
  if (bytes instanceof Uint8Array && isMagic(bytes, 0) && !isMagic(bytes, bytes.length - MAGIC.length)) {
    throw malformed("the footer is missing: is the file complete?");
  }
  let table: Table;
  try {
    // Nested integers of 64 bits are bigints too.
    const options = { useBigInt: true };
    table = tableFromIPC(bytes instanceof Uint8Array ? aligned(bytes) : bytes.map(aligned), options);
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  if (0 < table.names.length) return table;
  throw malformed("they hold no schema with a column");
}

function malformed(reason: string, options: { readonly cause?: unknown } = {}): JobError {
  return new JobError("MALFORMED_RECORD", `the bytes are no Arrow IPC stream or file: ${reason}`, options);
}

/** Begins and ends a file; a stream has none. */
const MAGIC = [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31] as const;

function isMagic(bytes: Uint8Array, at: number): boolean {
  return MAGIC.every((byte, index) => bytes[at + index] === byte);
}

/** A table may come from another copy of the package than ours. */
function isTable(data: ArrowData): data is Table {
  return data instanceof Table || (typeof data === "object" && data !== null && "schema" in data && "children" in data);
}

function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % ALIGNMENT === 0 ? bytes : new Uint8Array(bytes);
}

function byteLengthOf(bytes: Uint8Array | readonly Uint8Array[]): number {
  return bytes instanceof Uint8Array ? bytes.length : bytes.reduce((sum, part) => sum + part.length, 0);
}
