import { assert } from "../lib/assert.ts";
import { murmurHash } from "../lib/hash.ts";
import { type ColumnBatch, presentColumn } from "../data/column-batch.ts";
import type { BoolColumn, Column, F64Column, I32Column, I64Column, ObjectColumn, StringColumn } from "../data/column.ts";
import type { PickedRows } from "../data/column-stage.ts";
import { IdTable, UNKNOWN } from "../data/id-table.ts";
import { keyHash, keyId } from "../data/key.ts";
import { keyColumnOf } from "../data/key-column.ts";
import type { Partitioner } from "../graph/stream-graph.ts";
import { keyGroupOf, subtaskOf } from "../state/key-groups.ts";

/** A bigint is a safe integer, and so a key, where its high half lies within these bounds. */
const SAFE_HIGH_MIN = -(2 ** 21);
const SAFE_HIGH_MAX = 2 ** 21 - 1;
/** Looking a channel up takes half the time of the hash, as long as the table stays in the nearer caches. */
const SMALL_KEYS = 1 << 16;
/** There are fewer channels. */
const UNKNOWN_CHANNEL = 0xffff;
/** So many passes over a batch take less time than a counting sort, which waits for each count before the next. */
const PASSES_MAX = 3;

export interface ColumnRouterOptions {
  readonly partitioner: Partitioner;
  readonly channelCount: number;
  readonly maxParallelism: number;
  /** The channel of a record: what defines the answer for all of them. */
  readonly choose: (record: never) => number;
}

/** The first record for which `choose` throws, and what. */
export interface RefusedRecord {
  readonly record: number;
  readonly cause: unknown;
}

/**
 * Deals the records of a batch out to channels, each to the one that `choose` names. Where a column holds the keys, it is asked instead of the record: a string
 * once per dictionary, a number without a detour.
 */
export class ColumnRouter {
  readonly #options: ColumnRouterOptions;
  readonly #keyColumn: string | undefined;
  /** Key group → channel. */
  readonly #channelOfGroup: Uint16Array;
  /** Of a power of two of groups, since a division costs as much as the hash; else 0. */
  readonly #groupMask: number;
  readonly #channelsOfStrings = new IdTable();
  /** Scratch: the channel of each record; rows by channel, and where each channel begins among them. */
  #channels = new Uint16Array(0);
  #rows = new Int32Array(0);
  readonly #starts: Int32Array;
  /** Of the integers from 0 on, which most integer keys are; made with the first of them. Else `UNKNOWN_CHANNEL`. */
  #channelOfSmall: Uint16Array | undefined;

  constructor(options: ColumnRouterOptions) {
    const { partitioner, channelCount, maxParallelism } = options;
    this.#options = options;
    this.#keyColumn = partitioner.kind === "hash" ? keyColumnOf(partitioner.keyOf) : undefined;
    this.#channelOfGroup = Uint16Array.from({ length: maxParallelism }, (_, group) => subtaskOf(group, channelCount, maxParallelism));
    this.#groupMask = (maxParallelism & (maxParallelism - 1)) === 0 ? maxParallelism - 1 : 0;
    this.#starts = new Int32Array(channelCount + 1);
  }

  /** Asks for every record of a batch; `picked` then says which are whose until the next batch comes. Where a record is refused, nothing is dealt. */
  deal(batch: ColumnBatch): RefusedRecord | undefined {
    const { length } = batch;
    if (this.#channels.length < length) {
      this.#channels = new Uint16Array(length);
      // One more: a pass writes a row before it knows whether that is one of its own.
      this.#rows = new Int32Array(length + 1);
    }
    const column = this.#keyColumn === undefined ? undefined : batch.column(this.#keyColumn);
    if (column === undefined || !this.#dealKeys(column, batch)) {
      const refused = this.#chooseAll(batch);
      if (refused !== undefined) return refused;
    }
    this.#sort(batch);
    return undefined;
  }

  /** The rows that go to a channel: scratch memory. */
  picked(channel: number): PickedRows {
    return { rows: this.#rows, from: this.#starts[channel]!, to: this.#starts[channel + 1]! };
  }

  #chooseAll(batch: ColumnBatch): RefusedRecord | undefined {
    const { kind } = this.#options.partitioner;
    const choose = this.#options.choose as (record: unknown) => number;
    const looksAtRecords = kind === "hash" || kind === "custom";
    for (let record = 0; record < batch.length; record += 1) {
      try {
        this.#channels[record] = choose(looksAtRecords ? batch.rowAt(batch.rowOf(record)) : undefined);
      } catch (cause) {
        return { record, cause };
      }
    }
    return undefined;
  }

  /** False where some value is no key: then the records have to say which. */
  #dealKeys(column: Column, batch: ColumnBatch): boolean {
    if (presentColumn(batch, column) === undefined) return false;
    switch (column.kind) {
      case "i32":
        return this.#dealIntegers(column, batch);
      case "f64":
        return this.#dealDoubles(column, batch);
      case "i64":
        return this.#dealBigints(column, batch);
      case "bool":
        return this.#dealBooleans(column, batch);
      case "string":
        return this.#dealStrings(column, batch);
      case "object":
        return this.#dealValues(column, batch);
    }
  }

  #dealIntegers({ values }: I32Column, { selection, length }: ColumnBatch): boolean {
    const channels = this.#channels;
    const channelOf = (this.#channelOfSmall ??= new Uint16Array(SMALL_KEYS).fill(UNKNOWN_CHANNEL));
    for (let record = 0; record < length; record += 1) {
      const value = values[selection === undefined ? record : selection[record]!]!;
      const channel = value >>> 0 < SMALL_KEYS ? channelOf[value]! : UNKNOWN_CHANNEL;
      channels[record] = channel === UNKNOWN_CHANNEL ? this.#channelOfInteger(value) : channel;
    }
    return true;
  }

  #dealDoubles({ values }: F64Column, { selection, length }: ColumnBatch): boolean {
    const channels = this.#channels;
    const channelOf = (this.#channelOfSmall ??= new Uint16Array(SMALL_KEYS).fill(UNKNOWN_CHANNEL));
    for (let record = 0; record < length; record += 1) {
      const value = values[selection === undefined ? record : selection[record]!]!;
      const integer = value | 0;
      if (integer !== value) channels[record] = this.#channelOfHash(keyHash(value));
      else {
        const channel = integer >>> 0 < SMALL_KEYS ? channelOf[integer]! : UNKNOWN_CHANNEL;
        channels[record] = channel === UNKNOWN_CHANNEL ? this.#channelOfInteger(integer) : channel;
      }
    }
    return true;
  }

  #channelOfInteger(value: number): number {
    const channel = this.#channelOfHash(value ^ (value >> 31));
    if (value >>> 0 < SMALL_KEYS) this.#channelOfSmall![value] = channel;
    return channel;
  }

  #channelOfHash(hash: number): number {
    return this.#channelOfGroup[groupOf(murmurHash(hash), this.#channelOfGroup.length, this.#groupMask)]!;
  }

  #dealBigints({ values }: I64Column, { selection, length }: ColumnBatch): boolean {
    const channels = this.#channels;
    const channelOf = this.#channelOfGroup;
    const mask = this.#groupMask;
    const groups = channelOf.length;
    const halves = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
    for (let record = 0; record < length; record += 1) {
      const row = selection === undefined ? record : selection[record]!;
      const low = halves[2 * row]!;
      const high = halves[2 * row + 1]!;
      if (high < SAFE_HIGH_MIN || SAFE_HIGH_MAX < high || (high === SAFE_HIGH_MIN && low === 0)) return false;
      channels[record] = channelOf[groupOf(murmurHash(low ^ high), groups, mask)]!;
    }
    return true;
  }

  #dealBooleans({ values }: BoolColumn, { selection, length }: ColumnBatch): boolean {
    const no = this.#channelOf(false);
    const yes = this.#channelOf(true);
    for (let record = 0; record < length; record += 1) this.#channels[record] = values[selection === undefined ? record : selection[record]!] === 1 ? yes : no;
    return true;
  }

  #dealStrings({ values, dictionary }: StringColumn, { selection, length }: ColumnBatch): boolean {
    const channels = this.#channels;
    const known = this.#channelsOfStrings.of(dictionary);
    for (let record = 0; record < length; record += 1) {
      const id = values[selection === undefined ? record : selection[record]!]!;
      let channel = known[id]!;
      if (channel === UNKNOWN) channel = known[id] = this.#channelOf(dictionary.strings[id]!);
      channels[record] = channel;
    }
    return true;
  }

  #dealValues(column: ObjectColumn, batch: ColumnBatch): boolean {
    try {
      for (let record = 0; record < batch.length; record += 1) this.#channels[record] = this.#channelOf(column.values[batch.rowOf(record)]);
    } catch {
      return false;
    }
    return true;
  }

  #channelOf(key: unknown): number {
    return this.#channelOfGroup[keyGroupOf(keyId(key), this.#channelOfGroup.length)]!;
  }

  /** Brings the rows of each channel together, in order. */
  #sort(batch: ColumnBatch): void {
    if (this.#starts.length <= PASSES_MAX + 1) this.#pick(batch);
    else this.#count(batch);
  }

  /** A pass for each channel, without a branch: each row is written, and stays where the channel is its own. */
  #pick({ selection, length }: ColumnBatch): void {
    const channels = this.#channels;
    const rows = this.#rows;
    let place = 0;
    for (let channel = 0; channel + 1 < this.#starts.length; channel += 1) {
      this.#starts[channel] = place;
      for (let record = 0; record < length; record += 1) {
        rows[place] = selection === undefined ? record : selection[record]!;
        place += ((channels[record]! ^ channel) - 1) >>> 31;
      }
    }
    this.#starts[this.#starts.length - 1] = place;
    assert(place === length, "every record goes to one of the channels");
  }

  /** A counting sort. */
  #count({ selection, length }: ColumnBatch): void {
    const starts = this.#starts;
    const channels = this.#channels;
    const rows = this.#rows;
    starts.fill(0);
    for (let record = 0; record < length; record += 1) starts[channels[record]!]! += 1;
    let end = 0;
    for (let channel = 0; channel < starts.length; channel += 1) {
      end += starts[channel]!;
      starts[channel] = end;
    }
    assert(end === length, "every record goes to one of the channels");
    // From the last to the first, so that each place counts down to where its channel begins.
    for (let record = length - 1; 0 <= record; record -= 1) {
      const place = (starts[channels[record]!]! -= 1);
      rows[place] = selection === undefined ? record : selection[record]!;
    }
  }
}

/** The remainder, as `keyGroupOf` takes it. */
function groupOf(hash: number, groups: number, mask: number): number {
  return mask === 0 ? hash % groups : hash & mask;
}
