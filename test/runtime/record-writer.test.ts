import { expect, test } from "vitest";
import { BufferReader, DONE, RECORD } from "../../core/data/channel-buffer.ts";
import { keyId } from "../../core/data/key.ts";
import type { Partitioner } from "../../core/graph/stream-graph.ts";
import { JobError } from "../../core/lib/errors.ts";
import { LocalChannel } from "../../core/runtime/channel.ts";
import { reachOf } from "../../core/runtime/channel-plan.ts";
import { BUFFER_BYTES_MAX } from "../../core/runtime/buffer-bounds.ts";
import { RecordWriter } from "../../core/runtime/record-writer.ts";
import { keyGroupOf, subtaskOf } from "../../core/state/key-groups.ts";

interface Written {
  readonly writer: RecordWriter;
  readonly channels: readonly LocalChannel[];
  readonly gauge: { starvedChannels: number };
}

function writerOf(partitioner: Partitioner, count: number, credits = 100, subtask = 0, flushEveryRecord = false): Written {
  const channels = Array.from({ length: count }, () => new LocalChannel(credits));
  const gauge = { starvedChannels: 0 };
  let draw = 0;
  const writer = new RecordWriter({
    partitioner,
    channels,
    maxParallelism: 128,
    subtask,
    flushEveryRecord,
    gauge,
    random: () => [0.1, 0.9, 0.5][draw++ % 3]!,
    userError: (cause) => (cause instanceof JobError ? cause : new JobError("USER_FUNCTION_FAILED", String(cause), { operator: "sender" })),
    onCredit: () => {},
  });
  return { writer, channels, gauge };
}

function received(channel: LocalChannel): unknown[] {
  const values: unknown[] = [];
  for (let bytes = channel.poll(); bytes !== undefined; bytes = channel.poll()) {
    values.push(...rowsOf(bytes));
    channel.release(true);
  }
  return values;
}

function rowsOf(bytes: Uint8Array): unknown[] {
  const rows: unknown[] = [];
  const reader = new BufferReader(bytes);
  for (let kind = reader.next(); kind !== DONE; kind = reader.next()) if (kind === RECORD) rows.push(reader.value);
  return rows;
}

/** Sends 0 … 5 and compares what each channel got. */
function check(partitioner: Partitioner, count: number, expected: readonly (readonly number[])[], subtask = 0): void {
  const { writer, channels } = writerOf(partitioner, count, 100, subtask);
  for (let n = 0; n < 6; n += 1) writer.processRecord(n, n);
  writer.flush();
  expect(channels.map(received)).toEqual(expected);
}

test("forward has one channel", () => check({ kind: "forward" }, 1, [[0, 1, 2, 3, 4, 5]]));
test("rebalance goes round", () => check({ kind: "rebalance" }, 3, [[0, 3], [1, 4], [2, 5]]));
test("rebalance starts at the sender's index", () => check({ kind: "rebalance" }, 3, [[2, 5], [0, 3], [1, 4]], 1));
test("rescale goes round its own receivers", () => check({ kind: "rescale" }, 2, [[0, 2, 4], [1, 3, 5]]));
test("shuffle follows chance", () => check({ kind: "shuffle" }, 2, [[0, 3], [1, 2, 4, 5]]));
test("broadcast reaches everyone", () => check({ kind: "broadcast" }, 2, [[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]]));
test("global goes to the first", () => check({ kind: "global" }, 2, [[0, 1, 2, 3, 4, 5], []]));
test("custom asks the user", () => check({ kind: "custom", keyOf: (n: number) => n, partition: (n: number, count) => (n < 2 ? 0 : count - 1) }, 2, [[0, 1], [2, 3, 4, 5]]));

test("hash goes by key group, as Flink does", () => {
  const { writer, channels } = writerOf({ kind: "hash", keyOf: (text: string) => text }, 3);
  const keys = Array.from({ length: 50 }, (_, n) => `key-${n}`);
  for (const key of keys) writer.processRecord(key, 0);
  writer.flush();
  const expected = [0, 1, 2].map((subtask) => keys.filter((key) => subtaskOf(keyGroupOf(keyId(key), 128), 3, 128) === subtask));
  expect(channels.map(received)).toEqual(expected);
});

test("a partitioner that leaves the range is refused", () => {
  const { writer } = writerOf({ kind: "custom", keyOf: (n: number) => n, partition: () => 2 }, 2);
  expect(() => writer.processRecord(1, 1)).toThrow(/chose subtask 2; it must return an integer from 0 to 1/);
});

test("a record that cannot cross is refused with its path, and the buffer stays whole", () => {
  const { writer, channels } = writerOf({ kind: "forward" }, 1);
  writer.processRecord({ a: 1 }, 1);
  expect(() => writer.processRecord({ a: { f: () => 1 } }, 2)).toThrow(/\$\.a\.f/);
  writer.processRecord({ a: 2 }, 3);
  writer.flush();
  expect(received(channels[0]!)).toEqual([{ a: 1 }, { a: 2 }]);
});

test("without credit buffers wait, counted, and leave in order as credit comes back", () => {
  const { writer, channels, gauge } = writerOf({ kind: "forward" }, 1, 1);
  for (let n = 0; n < 3; n += 1) {
    writer.processRecord(n, n);
    writer.flush();
  }
  expect([gauge.starvedChannels, writer.overflowBuffers, writer.isDrained]).toEqual([1, 2, false]);
  expect(received(channels[0]!)).toEqual([0, 1, 2]);
  expect([gauge.starvedChannels, writer.overflowBuffers, writer.isDrained]).toEqual([0, 0, true]);
});

test("watermarks alone fill buffers too, so that a channel without records stays bounded", () => {
  const { writer, channels, gauge } = writerOf({ kind: "global" }, 2, 1);
  for (let watermark = 0; watermark < 100_000; watermark += 1) writer.processWatermark(watermark);
  expect([gauge.starvedChannels, writer.overflowBuffers]).toEqual([2, expect.any(Number)]);
  expect(channels[1]!.poll()!.length).toBeLessThan(2 * BUFFER_BYTES_MAX);
});

test.each([
  [2, 4, [[0, 1], [2, 3]]],
  [4, 2, [[0], [0], [1], [1]]],
  [3, 3, [[0], [1], [2]]],
  [2, 3, [[0, 1], [2]]],
])("rescale connects %i senders to %i receivers pointwise", (senders, receivers, expected) => {
  const edge = { index: 0, fromVertex: 0, fromPosition: 0, sideOutput: undefined, toVertex: 1, input: 0, partitioner: { kind: "rescale" as const } };
  const connected = Array.from({ length: senders }, (_, sender) => {
    const { first, count } = reachOf(edge, sender, senders, receivers);
    return Array.from({ length: count }, (_unused, index) => first + index);
  });
  expect(connected).toEqual(expected);
});

test("where each record goes at once, those that find but one credit gather, and go together", () => {
  const { writer, channels: [channel], gauge } = writerOf({ kind: "forward" }, 1, 3, 0, true);
  for (let n = 0; n < 6; n += 1) writer.processRecord(n, n);
  expect(gauge.starvedChannels, "the task goes on").toBe(0);
  const buffers: unknown[][] = [];
  for (let bytes = channel!.poll(); bytes !== undefined; bytes = channel!.poll()) {
    buffers.push(rowsOf(bytes));
    channel!.release(false);
  }
  expect(buffers).toEqual([[0], [1], [2, 3, 4, 5]]);
});
