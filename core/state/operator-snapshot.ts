import { types, type Type } from "../data/type.ts";
import { assert } from "../lib/assert.ts";
import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt, JobError } from "../lib/errors.ts";
import { formatOf, isList, type ListShare, type ValueMerge } from "./operator-state.ts";
import type { StateInUse } from "./operator-store.ts";

/**
 * The stored form: the version, the number of entries, and of each its name, its format, and its chunks: how many,
 * and each with its length. A chunk is a codec session: the array of a list's elements, or a value. Several chunks
 * come from several subtasks and wait to be shared out.
 */
const OPERATOR_STATE_VERSION = 1;

interface Stored {
  readonly format: string;
  readonly chunks: readonly Uint8Array[];
}

/** Which of the subtasks takes over what others had, and how many there are now. */
export interface Share {
  readonly index: number;
  readonly parallelism: number;
}

/** Writes all that is in use, and what was restored and nothing has asked for. */
export function writeOperatorState(used: ReadonlyMap<string, StateInUse>, restored: RestoredOperatorState | undefined): Uint8Array {
  const unclaimed = restored?.ownUnclaimed() ?? new Map<string, Stored>();
  const writer = new ByteWriter();
  writer.u8(OPERATOR_STATE_VERSION);
  writer.varint(used.size + unclaimed.size);
  for (const [name, { how, type, state }] of used) {
    const chunk = new ByteWriter();
    const storedType = isList(how) ? (types.array(type) as Type<unknown>) : type;
    storedType.write(chunk, state.get());
    writeStored(writer, name, { format: formatOf(how, type), chunks: [chunk.view()] });
  }
  for (const [name, stored] of unclaimed) writeStored(writer, name, stored);
  return writer.finish();
}

/** What `writeOperatorState` gave, until it is asked for: of one subtask, or of all that there were before the parallelism changed. */
export class RestoredOperatorState {
  readonly #unclaimed = new Map<string, { readonly format: string; readonly chunks: Uint8Array[] }>();
  /** Undefined where the parallelism is what it was: everything here is this subtask's own. */
  readonly #share: Share | undefined;

  /** @throws JobError CORRUPT_DATA */
  constructor(parts: readonly Uint8Array[], share: Share | undefined) {
    assert(parts.length === 1 || share !== undefined, "what several subtasks had is shared out");
    this.#share = share;
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

  /** The elements that are this subtask's; undefined where nothing was stored under the name. */
  claimList<T>(name: string, how: ListShare, type: Type<T>): T[] | undefined {
    const chunks = this.#claim(name, formatOf(how, type));
    if (chunks === undefined) return undefined;
    const elements = chunks.flatMap((chunk) => types.array(type).read(new ByteReader(chunk)) as T[]);
    return how === "split" && this.#share !== undefined ? stretchOf(elements, this.#share) : elements;
  }

  claimValue<T>(name: string, merge: ValueMerge, type: Type<T>, initial: T): T {
    const chunks = this.#claim(name, formatOf(merge, type));
    if (chunks === undefined) return initial;
    if (this.#share !== undefined && (merge === "initial" || (merge === "sum" && this.#share.index !== 0))) return initial;
    return chunks.map((chunk) => type.read(new ByteReader(chunk))).reduce((left, right) => merged(merge, left, right) as T);
  }

  /**
   * What nothing has asked for. Without its type it cannot be shared out: the chunks go to one subtask after the other, so that each is kept once.
   */
  ownUnclaimed(): ReadonlyMap<string, Stored> {
    const share = this.#share;
    if (share === undefined) return this.#unclaimed;
    const own = new Map<string, Stored>();
    for (const [name, { format, chunks }] of this.#unclaimed) {
      const ownChunks = chunks.filter((_, index) => index % share.parallelism === share.index);
      if (0 < ownChunks.length) own.set(name, { format, chunks: ownChunks });
    }
    return own;
  }

  #claim(name: string, format: string): readonly Uint8Array[] | undefined {
    const stored = this.#unclaimed.get(name);
    if (stored === undefined) return undefined;
    if (stored.format !== format) throw formatMismatch(name, stored.format, format);
    this.#unclaimed.delete(name);
    return stored.chunks;
  }

  #readStored(reader: ByteReader): void {
    const name = reader.string();
    const format = reader.string();
    const stored = this.#unclaimed.get(name) ?? { format, chunks: [] };
    if (stored.format !== format) throw formatMismatch(name, stored.format, format);
    this.#unclaimed.set(name, stored);
    const chunkCount = reader.varint();
    for (let index = 0; index < chunkCount; index += 1) stored.chunks.push(reader.bytes());
  }
}

/** Stretches are as long as each other; the first ones have one more element each where that does not come out even. */
function stretchOf<T>(elements: readonly T[], { index, parallelism }: Share): T[] {
  const least = Math.floor(elements.length / parallelism);
  const startOf = (subtask: number): number => subtask * least + Math.min(subtask, elements.length % parallelism);
  return elements.slice(startOf(index), startOf(index + 1));
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
    case "initial":
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
