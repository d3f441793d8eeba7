import { types, type Type } from "../data/type.ts";
import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt, JobError } from "../lib/errors.ts";
import { type ValueMerge, formatOf } from "./operator-state.ts";
import type { StateInUse } from "./operator-store.ts";

/**
 * The stored form: the version, the number of entries, and of each its name, its format, and its chunks: how many,
 * and each with its length. A chunk is a codec session: the array of a list's elements, or a value. Several chunks
 * come from several subtasks and wait to become one.
 */
const OPERATOR_STATE_VERSION = 1;

interface Stored {
  readonly format: string;
  readonly chunks: Uint8Array[];
}

/** Writes all that is in use, and what was restored and nothing has asked for. */
export function writeOperatorState(used: ReadonlyMap<string, StateInUse>, restored: RestoredOperatorState | undefined): Uint8Array {
  const unclaimed = restored?.unclaimed ?? new Map<string, Stored>();
  const writer = new ByteWriter();
  writer.u8(OPERATOR_STATE_VERSION);
  writer.varint(used.size + unclaimed.size);
  for (const [name, { merge, type, state }] of used) {
    const chunk = new ByteWriter();
    storedAs(merge, type).write(chunk, state.get());
    writeStored(writer, name, { format: formatOf(merge, type), chunks: [chunk.view()] });
  }
  for (const [name, stored] of unclaimed) writeStored(writer, name, stored);
  return writer.finish();
}

/** What `writeOperatorState` gave, of one subtask or several, until it is asked for. */
export class RestoredOperatorState {
  readonly unclaimed = new Map<string, Stored>();

  /** @throws JobError CORRUPT_DATA */
  constructor(parts: readonly Uint8Array[]) {
    for (const part of parts) {
      const reader = new ByteReader(part);
      const version = reader.u8();
      if (version !== OPERATOR_STATE_VERSION) {
        throw corrupt(`${version} is no version of operator state that this release reads (${OPERATOR_STATE_VERSION})`);
      }
      const count = reader.varint();
      for (let index = 0; index < count; index += 1) this.#readStored(reader);
    }
  }

  /** The lists of all subtasks one behind the other; their values as `merge` says. Undefined where nothing was stored under the name. */
  claim<T>(name: string, merge: ValueMerge | undefined, type: Type<T>): unknown {
    const stored = this.unclaimed.get(name);
    if (stored === undefined) return undefined;
    const format = formatOf(merge, type);
    if (stored.format !== format) throw formatMismatch(name, stored.format, format);
    this.unclaimed.delete(name);
    const values = stored.chunks.map((chunk) => storedAs(merge, type).read(new ByteReader(chunk)));
    return merge === undefined ? values.flat() : values.reduce((left, right) => merged(merge, left, right));
  }

  #readStored(reader: ByteReader): void {
    const name = reader.string();
    const format = reader.string();
    const stored = this.unclaimed.get(name) ?? { format, chunks: [] };
    if (stored.format !== format) throw formatMismatch(name, stored.format, format);
    this.unclaimed.set(name, stored);
    const chunkCount = reader.varint();
    for (let index = 0; index < chunkCount; index += 1) stored.chunks.push(reader.bytes());
  }
}

function storedAs(merge: ValueMerge | undefined, type: Type<unknown>): Type<unknown> {
  return merge === undefined ? (types.array(type) as Type<unknown>) : type;
}

function writeStored(writer: ByteWriter, name: string, { format, chunks }: Stored): void {
  writer.string(name);
  writer.string(format);
  writer.varint(chunks.length);
  for (const chunk of chunks) writer.bytes(chunk);
}

function merged(merge: ValueMerge, left: unknown, right: unknown): unknown {
  switch (merge) {
    case "min":
      return (right as number) < (left as number) ? right : left;
    case "max":
      return (left as number) < (right as number) ? right : left;
    case "sum":
      return (left as number) + (right as number);
    case "first":
      return left;
  }
}

function formatMismatch(name: string, stored: string, declared: string): JobError {
  return new JobError(
    "RESTORE_MISMATCH",
    `operator state "${name}" was stored as ${stored}, but the job declares it as ${declared}; ` +
      "restore with the job that wrote it, or give the new state another name",
  );
}
