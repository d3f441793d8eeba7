import { assert } from "../lib/assert.ts";
import { ByteReader, ByteWriter, corrupt } from "../lib/bytes.ts";
import { JobError } from "../lib/errors.ts";
import { type Type, types } from "../data/type.ts";
import type { OperatorListState, OperatorState, OperatorValue, ValueMerge } from "./operator-state.ts";

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

/** One list or value in use. */
interface Used {
  readonly format: string;
  readonly state: unknown;
  write(writer: ByteWriter): void;
}

/**
 * The operator state of one subtask. Restore comes first, if at all; what nothing asks for is kept and goes into
 * every later snapshot.
 */
export class OperatorStore implements OperatorState {
  readonly #used = new Map<string, Used>();
  readonly #unclaimed = new Map<string, Stored>();

  list<T>(name: string, type: Type<T>): OperatorListState<T> {
    const format = `list ${type.name}`;
    const present = this.#used.get(name);
    if (present !== undefined) return sameState(name, present, format) as OperatorListState<T>;

    const elementsType = types.array(type);
    const list = new StoredList(this.#claim(name, format).flatMap((reader) => elementsType.read(reader)));
    this.#used.set(name, { format, state: list, write: (writer) => elementsType.write(writer, list.elements) });
    return list;
  }

  value<T>(name: string, type: Type<T>, initial: T, merge: ValueMerge): OperatorValue<T> {
    const format = `value ${merge} ${type.name}`;
    const present = this.#used.get(name);
    if (present !== undefined) return sameState(name, present, format) as OperatorValue<T>;

    const value = new StoredValue(initial);
    let isFirst = true;
    for (const reader of this.#claim(name, format)) {
      const restored = type.read(reader);
      value.set(isFirst ? restored : merged(merge, value.get(), restored));
      isFirst = false;
    }
    this.#used.set(name, { format, state: value, write: (writer) => type.write(writer, value.get()) });
    return value;
  }

  snapshot(): Uint8Array {
    const writer = new ByteWriter();
    writer.u8(OPERATOR_STATE_VERSION);
    writer.varint(this.#used.size + this.#unclaimed.size);
    for (const [name, { format, write }] of this.#used) {
      const chunk = new ByteWriter();
      write(chunk);
      writeStored(writer, name, { format, chunks: [chunk.view()] });
    }
    for (const [name, stored] of this.#unclaimed) writeStored(writer, name, stored);
    return writer.finish();
  }

  /**
   * Takes over what `snapshot` gave, of one subtask or several: their lists one behind the other, their values as
   * each value's merge says.
   * @throws JobError CORRUPT_DATA
   */
  restore(parts: readonly Uint8Array[]): void {
    assert(this.#used.size === 0 && this.#unclaimed.size === 0, "a store is restored once, before its state is used");
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

  /** What holds the elements and values; for tests, see KeyedComponent. */
  heldObjects(): readonly object[] {
    return [...this.#used.values()].flatMap(({ state }) => {
      const held = state instanceof StoredList ? state.elements : (state as OperatorValue<unknown>).get();
      return typeof held === "object" && held !== null ? [held] : [];
    });
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

  /** Readers of what was restored under the name. */
  #claim(name: string, format: string): readonly ByteReader[] {
    const stored = this.#unclaimed.get(name);
    if (stored === undefined) return [];
    if (stored.format !== format) throw formatMismatch(name, stored.format, format);
    this.#unclaimed.delete(name);
    return stored.chunks.map((chunk) => new ByteReader(chunk));
  }
}

class StoredList<T> implements OperatorListState<T> {
  elements: T[];

  constructor(elements: T[]) {
    this.elements = elements;
  }

  get(): readonly T[] {
    return this.elements;
  }

  add(element: T): void {
    this.elements.push(element);
  }

  update(elements: Iterable<T>): void {
    this.elements = [...elements];
  }

  clear(): void {
    this.elements = [];
  }
}

class StoredValue<T> implements OperatorValue<T> {
  #value: T;

  constructor(initial: T) {
    this.#value = initial;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
  }
}

function sameState(name: string, present: Used, format: string): unknown {
  if (present.format === format) return present.state;
  throw new JobError(
    "STATE_TYPE_CONFLICT",
    `operator state "${name}" is used as ${present.format} and as ${format} in one operator; give one of them another name`,
  );
}

function writeStored(writer: ByteWriter, name: string, { format, chunks }: Stored): void {
  writer.string(name);
  writer.string(format);
  writer.varint(chunks.length);
  for (const chunk of chunks) writer.bytes(chunk);
}

function merged<T>(merge: ValueMerge, left: T, right: T): T {
  switch (merge) {
    case "min":
      return right < left ? right : left;
    case "max":
      return left < right ? right : left;
    case "sum":
      return ((left as number) + (right as number)) as T;
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
