import type { Barrier } from "../../core/checkpoint/barrier.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BARRIER, BufferReader, DONE, END_OF_INPUT, IDLE, readHeader, RECORD, WATERMARK } from "../../core/data/channel-buffer.ts";
import { ColumnBatch } from "../../core/data/column-batch.ts";
import { columnKeySelector } from "../../core/data/key-column.ts";
import type { Partitioner } from "../../core/graph/stream-graph.ts";
import { JobError } from "../../core/lib/errors.ts";
import { show } from "../../core/lib/show.ts";
import type { Output } from "../../core/operators/operator.ts";
import { LocalChannel } from "../../core/runtime/channel.ts";
import { InputGate } from "../../core/runtime/input-gate.ts";
import { BUFFER_BYTES_MAX, BUFFER_COLUMN_ROWS_MAX } from "../../core/runtime/buffer-bounds.ts";
import { RecordWriter } from "../../core/runtime/record-writer.ts";
import { anyValue, batchOf, type Element, selectionOf, throughBuilder, timestamp, valueOfKind } from "../data/column-batches.ts";

interface Row {
  readonly key: unknown;
  readonly n: unknown;
}

/** What goes into a writer: rows, watermarks and batches, and what comes from its task. */
type Sent = Element | ColumnBatch | readonly ["barrier", number] | readonly ["idle", boolean];

const byColumn: Partitioner = { kind: "hash", keyOf: columnKeySelector("key", (row: Row) => row.key) };
const partitioners: readonly Partitioner[] = [
  byColumn,
  { kind: "hash", keyOf: (row: Row) => row.key },
  { kind: "custom", keyOf: (row: Row) => String(row.key), partition: (key: string, count) => key.length % count },
  { kind: "rebalance" },
  { kind: "rescale" },
  { kind: "shuffle" },
  { kind: "broadcast" },
  { kind: "global" },
];

function writerOf(partitioner: Partitioner, count: number, flushEveryRecord = false): { writer: RecordWriter; channels: LocalChannel[] } {
  const channels = Array.from({ length: count }, () => new LocalChannel(1_000_000));
  let draw = 0;
  const writer = new RecordWriter({
    partitioner,
    channels,
    maxParallelism: 128,
    subtask: 1,
    flushEveryRecord,
    gauge: { starvedChannels: 0 },
    random: () => ((draw += 7) % 10) / 10,
    userError: (cause, record, time) => new JobError("USER_FUNCTION_FAILED", `${String(cause instanceof Error ? cause.message : cause)} of ${show(record)} at ${time}`),
    onCredit: () => {},
  });
  return { writer, channels };
}

const GATE = { aligns: true, onArrival: () => {} };

function send(writer: RecordWriter, sent: readonly Sent[], asRows: boolean): void {
  for (const item of sent) {
    if (item instanceof ColumnBatch) {
      if (asRows) item.forEach((row) => writer.processRecord(item.rowAt(row), item.timestamps[row]!), (watermark) => writer.processWatermark(watermark));
      else writer.processColumns(item);
    } else if (item[0] === "record") writer.processRecord(item[1], item[2]);
    else if (item[0] === "watermark") writer.processWatermark(item[1]);
    else if (item[0] === "barrier") writer.barrier({ checkpointId: item[1], kind: "checkpoint" });
    else writer.processIdleness(item[1]);
  }
  writer.endOfInput();
}

function buffersOf(channel: LocalChannel): Uint8Array<ArrayBuffer>[] {
  const buffers: Uint8Array<ArrayBuffer>[] = [];
  for (let bytes = channel.poll(); bytes !== undefined; bytes = channel.poll()) {
    buffers.push(bytes);
    channel.release(false);
  }
  return buffers;
}

/** What comes out of a channel, by rows or by batches. */
function received(buffers: readonly Uint8Array<ArrayBuffer>[], byBatches: boolean): unknown[] {
  const elements: unknown[] = [];
  let reader: BufferReader | undefined;
  for (const bytes of buffers) {
    if (reader === undefined) reader = new BufferReader(bytes);
    else reader.reset(bytes);
    for (;;) {
      const batch = byBatches ? reader.takeBatch() : undefined;
      batch?.forEach((row) => elements.push([batch.rowAt(row), batch.timestamps[row]]), (watermark) => elements.push(["watermark", watermark]));
      if (batch !== undefined) continue;
      const kind = reader.next();
      if (kind === DONE) break;
      if (kind === RECORD) elements.push([reader.value, reader.timestamp]);
      else if (kind === WATERMARK) elements.push(["watermark", reader.watermark]);
      else elements.push([kind, kind === BARRIER ? reader.checkpointId : 0]);
    }
  }
  return elements;
}

const keyKinds = [valueOfKind[0], valueOfKind[1], valueOfKind[4], fc.boolean(), fc.bigInt({ min: -(2n ** 53n) + 1n, max: 2n ** 53n - 1n }), fc.array(fc.integer(), { maxLength: 2 })];

/** Batches, and rows and other things between them. The keys of most streams are of one kind. */
function streamOf(key: fc.Arbitrary<unknown>): fc.Arbitrary<Sent[]> {
  const record = fc.record({ key, n: fc.oneof({ weight: 10, arbitrary: valueOfKind[0] }, { weight: 1, arbitrary: anyValue }), s: fc.option(valueOfKind[4]) });
  const element = fc.oneof<fc.Arbitrary<Element>[]>(
    fc.tuple(fc.constant("record" as const), record, timestamp),
    fc.tuple(fc.constant("record" as const), record, timestamp),
    fc.tuple(fc.constant("watermark" as const), timestamp),
  );
  const piece = fc.tuple(fc.array(element, { maxLength: 30 }), fc.integer({ min: 1, max: 12 }), fc.nat(255), fc.option(fc.nat(3)));
  return fc.array(piece, { maxLength: 5 }).map((pieces) =>
    pieces.flatMap(([elements, rowsMax, pattern, end], index): Sent[] => {
      const { sent } = throughBuilder(elements, rowsMax);
      const picked = sent.map((item) => (item instanceof ColumnBatch && pattern % 3 !== 0 ? selectionOf(item, pattern) : item));
      if (end === null) return picked;
      return [...picked, end === 0 ? ["barrier", index] : ["idle", end === 1]];
    }),
  );
}

const streams = fc.oneof(...keyKinds.map(streamOf), streamOf(fc.oneof(...keyKinds)));

test("any stream reaches the same channels, in the same order, as rows and as columns", () => {
  fc.assert(
    fc.property(streams, fc.integer({ min: 1, max: 4 }), fc.constantFrom(...partitioners), fc.boolean(), (sent, count, partitioner, flushEveryRecord) => {
      const rows = writerOf(partitioner, count);
      const columns = writerOf(partitioner, count, flushEveryRecord);
      send(rows.writer, sent, true);
      send(columns.writer, sent, false);
      for (const [index, channel] of rows.channels.entries()) {
        const expected = received(buffersOf(channel), false);
        const buffers = buffersOf(columns.channels[index]!);
        expect(received(buffers, false)).toStrictEqual(expected);
        expect(received(buffers, true)).toStrictEqual(expected);
      }
    }),
    { numRuns: 400 },
  );
});

describe("a writer of batches", () => {
  test("gathers rows of several batches into one buffer, and keeps to its bounds", () => {
    const { writer, channels } = writerOf({ kind: "rebalance" }, 4);
    const batch = batchOf(Array.from({ length: 1_000 }, (_, n) => ({ key: `k${n % 10}`, n })));
    for (let turn = 0; turn < 33; turn += 1) writer.processColumns(batch);
    expect(channels.map((channel) => buffersOf(channel).map((bytes) => readHeader(bytes).rowCount))).toEqual(
      Array.from({ length: 4 }, () => [BUFFER_COLUMN_ROWS_MAX, BUFFER_COLUMN_ROWS_MAX]),
    );
    writer.flush();
    const wide = writerOf({ kind: "forward" }, 1);
    wide.writer.processColumns(batchOf(Array.from({ length: 1_000 }, (_, n) => ({ text: `${n}`.padStart(1_000, "x") }))));
    for (const bytes of buffersOf(wide.channels[0]!)) expect(bytes.length).toBeLessThan(5 * BUFFER_BYTES_MAX);
  });

  test("gives a batch for one channel in one buffer", () => {
    const { writer, channels } = writerOf({ kind: "forward" }, 1);
    for (let turn = 0; turn < 3; turn += 1) writer.processColumns(batchOf(Array.from({ length: BUFFER_COLUMN_ROWS_MAX }, (_, n) => ({ n }))));
    expect(buffersOf(channels[0]!).length).toBe(3);
  });

  test("sends each string to each channel once, whatever batches and generations it comes with", () => {
    const { writer, channels } = writerOf(byColumn, 1);
    const twin = writerOf(byColumn, 1);
    for (let turn = 0; turn < 18; turn += 1) {
      // A dictionary of its own for every batch; some strings come back, most do not.
      const batch = batchOf(Array.from({ length: 6_000 }, (_, n) => ({ key: n % 3 === 0 ? `common ${n % 30}` : `rare ${turn} ${n}` })));
      writer.processColumns(batch);
      batch.forEach((row) => twin.writer.processRecord(batch.rowAt(row), row), () => {});
    }
    for (const each of [writer, twin.writer]) each.flush();
    for (const [index, channel] of channels.entries()) {
      const buffers = buffersOf(channel);
      const keys = (elements: readonly unknown[]): string => elements.map((element) => String((element as [Row])[0].key)).join("\n");
      // As one string each: a comparison of so many objects takes longer than all the rest.
      expect(keys(received(buffers, true)) === keys(received(buffersOf(twin.channels[index]!), false))).toBe(true);
      const reader = new BufferReader(buffers[0]!);
      const dictionaries = new Map<object, readonly string[]>();
      for (const bytes of buffers) {
        reader.reset(bytes);
        const column = reader.takeBatch()!.columns[0]!;
        if (column.kind === "string") dictionaries.set(column.dictionary, column.dictionary.strings);
      }
      expect(dictionaries.size).toBe(2);
      for (const strings of dictionaries.values()) expect(new Set(strings).size).toBe(strings.length);
    }
  });

  test.each<readonly [string, Partitioner, readonly Row[], string]>([
    ["no key", byColumn, [{ key: "a", n: 1 }, { key: null, n: 2 }], "null is no key"],
    ["a bigint beyond the safe integers", byColumn, [{ key: 1n, n: 1 }, { key: -(2n ** 53n), n: 2 }], "must be a safe integer"],
    ["a date", byColumn, [{ key: "a", n: 1 }, { key: new Date(0), n: 2 }], "INVALID_KEY"],
    ["no such column", { kind: "hash", keyOf: columnKeySelector("room", (row: Row) => { throw new Error(`no field room in ${String(row.key)}`); }) }, [{ key: "a", n: 1 }], "no field room in a"],
    ["a value that cannot be stored", byColumn, [{ key: "a", n: [1] }, { key: "b", n: [() => 1] }, { key: null, n: [] }], "$.n[0]"],
    ["a value that cannot be stored, for everyone", { kind: "broadcast" }, [{ key: [1], n: [1] }, { key: ["b"], n: [() => 1] }, { key: [Symbol("x")], n: [] }], "$.n[0]"],
    ["what a key selector throws", { kind: "hash", keyOf: (row: Row) => { if (row.n === 2) throw new Error("no 2, please"); return row.n; } }, [{ key: "a", n: 1 }, { key: "b", n: 2 }], "no 2, please"],
  ])("names the record where there is %s, as rows do", (_title, partitioner, records, message) => {
    const values = records.map((record, index): Element => ["record", record, index]);
    const { sent } = throughBuilder(values, 10);
    const errors = [true, false].map((asRows) => {
      try {
        send(writerOf(partitioner, 2).writer, sent, asRows);
        return undefined;
      } catch (error) {
        return error;
      }
    });
    expect(errors[0]).toBeInstanceOf(JobError);
    expect((errors[0] as JobError).message).toContain(message);
    expect((errors[1] as JobError).message).toBe((errors[0] as JobError).message);
  });
});

/** Records what an operator is given; as columns, it takes batches. */
function head(columns: boolean): { readonly log: unknown[]; readonly output: Output<unknown>; readonly batches: () => number } {
  const log: unknown[] = [];
  let batches = 0;
  const output: Output<unknown> = {
    processRecord: (record, time) => log.push([record, time]),
    processWatermark: (watermark) => log.push(["watermark", watermark]),
    processIdleness: (idle) => log.push(["idle", idle]),
  };
  const processColumns = (batch: ColumnBatch): void => {
    batches += 1;
    expect(batch.length).toBeGreaterThan(0);
    batch.forEach((row) => output.processRecord(batch.rowAt(row), batch.timestamps[row]!), (watermark) => output.processWatermark(watermark));
  };
  return { log, output: columns ? { ...output, processColumns } : output, batches: () => batches };
}

function gateOver(channels: readonly (readonly Uint8Array<ArrayBuffer>[])[], output: Output<unknown>, budget: () => boolean): { gate: InputGate; taken: () => number; aligned: number[] } {
  const aligned: number[] = [];
  let taken = 0;
  const receivers = channels.map((buffers) => {
    const channel = new LocalChannel(buffers.length);
    for (const bytes of buffers) {
      const memory = channel.allocate(bytes.length);
      memory.set(bytes);
      channel.send(memory);
    }
    return { receiver: channel, input: 0 };
  });
  const task = {
    mayTake: () => budget() && (taken += 1) > 0,
    countFurther: (records: number) => (taken += records),
    onAligned: ({ checkpointId }: Barrier) => void aligned.push(checkpointId),
    now: () => 0,
  };
  return { gate: new InputGate(receivers, [output as Output<never>], task, GATE), taken: () => taken, aligned };
}

describe("a gate", () => {
  const rising = (sent: readonly Sent[]): Sent[] => sent.filter((item) => item instanceof ColumnBatch || item[0] !== "barrier");

  test("gives batches with the merged watermarks where rows would have had them", () => {
    fc.assert(
      fc.property(fc.array(streamOf(fc.integer()), { minLength: 1, maxLength: 3 }), fc.boolean(), (senders, ends) => {
        const channels = senders.map((sent) => {
          const { writer, channels: [channel] } = writerOf({ kind: "forward" }, 1);
          send(writer, ends ? [...rising(sent), ["idle", false], ["watermark", Infinity]] : rising(sent), false);
          return buffersOf(channel!);
        });
        const logs = [false, true].map((columns) => {
          const { log, output } = head(columns);
          const { gate } = gateOver(channels, output, () => true);
          expect(gate.take()).toBe(false);
          expect(gate.allEnded).toBe(true);
          return { log, snapshot: gate.snapshot() };
        });
        expect(logs[1]).toStrictEqual(logs[0]);
      }),
      { numRuns: 300 },
    );
  });

  test("loses and doubles nothing, and aligns barriers, however the turns fall", () => {
    fc.assert(
      fc.property(fc.array(streamOf(fc.integer()), { minLength: 1, maxLength: 3 }), fc.infiniteStream(fc.integer({ min: 0, max: 5 })), (senders, draws) => {
        const marked = senders.map((sent) => [...rising(sent), ["barrier", 7] as const, ...rising(sent)]);
        const channels = marked.map((sent) => {
          const { writer, channels: [channel] } = writerOf({ kind: "forward" }, 1);
          send(writer, sent, false);
          return buffersOf(channel!);
        });
        const { log, output } = head(true);
        const { gate, aligned } = gateOver(channels, output, () => 0 < draws.next().value!);
        let before = -1;
        for (let turn = 0; turn < 10_000 && !gate.allEnded; turn += 1) {
          gate.take();
          if (before < 0 && 0 < aligned.length) before = log.filter((element) => typeof (element as [unknown])[0] === "object").length;
        }
        expect([gate.allEnded, aligned]).toEqual([true, [7]]);
        const records = (elements: readonly unknown[]): number => elements.filter((element) => typeof (element as [unknown])[0] === "object").length;
        const expected = channels.map((buffers) => records(received(buffers, false).filter((element) => (element as [unknown])[0] !== END_OF_INPUT && (element as [unknown])[0] !== IDLE)));
        const total = expected.reduce((sum, count) => sum + count, 0);
        expect(records(log)).toBe(total);
      }),
      { numRuns: 200 },
    );
  });

  test("gives memory back to be used again where nobody keeps any of it", () => {
    const streams: [string, readonly Sent[], boolean][] = [
      ["rows", [["record", 1, 1]], true],
      ["columns that the taker is done with", [batchOf([1, 2, 3])], true],
      ["columns that it keeps", [batchOf(["kept", "too"])], false],
      ["columns with watermarks, of which it keeps none", [batchOf([1, 2]), ["watermark", 3]], true],
    ];
    for (const [what, sent, isFree] of streams) {
      const { writer, channels: [channel] } = writerOf({ kind: "forward" }, 1);
      send(writer, sent, false);
      const released: boolean[] = [];
      const receiver = {
        poll: () => channel!.poll(),
        release(free: boolean) {
          released.push(free);
          channel!.release(free);
        },
        onArrival: () => {},
      };
      const { output } = head(false);
      const taker = { ...output, processColumns: (batch: ColumnBatch) => batch.columns[0]!.kind !== "string" };
      const task = { mayTake: () => true, countFurther: () => {}, onAligned: () => {}, now: () => 0 };
      new InputGate([{ receiver, input: 0 }], [taker as Output<never>], task, GATE).take();
      expect([what, released]).toEqual([what, [isFree]]);
    }
  });

  test("counts a batch as its records, and walks it where the operator takes rows", () => {
    const { writer, channels: [channel] } = writerOf({ kind: "forward" }, 1);
    send(writer, [batchOf([1, 2, 3])], false);
    const buffers = buffersOf(channel!);
    for (const columns of [false, true]) {
      const { log, output, batches } = head(columns);
      const { gate, taken } = gateOver([buffers], output, () => true);
      gate.take();
      expect([log, batches()]).toEqual([[[1, 0], [2, 1], [3, 2]], columns ? 1 : 0]);
      // Three records, the end of the input, and the look for more.
      expect(taken()).toBe(5);
    }
  });

  test("cuts a batch where its channel's end makes the input idle", () => {
    const ending = writerOf({ kind: "forward" }, 1);
    send(ending.writer, [throughBuilder([["record", 1, 0], ["watermark", 5], ["record", 2, 0], ["watermark", Infinity], ["record", 3, 0]], 10).sent[0]!], false);
    const idle = writerOf({ kind: "forward" }, 1);
    send(idle.writer, [["watermark", 3], ["idle", true]], false);
    const channels = [buffersOf(idle.channels[0]!), buffersOf(ending.channels[0]!)];
    const { log, output, batches } = head(true);
    gateOver(channels, output, () => true).gate.take();
    expect(log).toEqual([[1, 0], ["watermark", 5], [2, 0], ["idle", true], [3, 0]]);
    expect(batches()).toBe(2);
  });
});
