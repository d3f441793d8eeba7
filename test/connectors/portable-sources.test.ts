import { describe, expect, test } from "vitest";
import { CollectionSource, type Collection } from "../../core/connectors/collection-source.ts";
import { DataGeneratorSource } from "../../core/connectors/generator-source.ts";
import { SequenceSource, splitSequence } from "../../core/connectors/sequence-source.ts";
import type { Source } from "../../core/connectors/source.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { SourceHarness } from "./source-harness.ts";

type AnySource = Source<unknown, unknown, unknown>;
const asSource = (source: unknown): AnySource => source as AnySource;

function run(source: AnySource, parallelism = 1): string[] {
  const harness = new SourceHarness(source, { parallelism });
  expect(harness.drain()).toBe(true);
  return harness.output.flat();
}

const iterableOf = (elements: readonly unknown[]): Iterable<unknown> => ({
  [Symbol.iterator]: () => elements[Symbol.iterator](),
});

const sources: readonly [string, () => AnySource, number][] = [
  ["an array", () => asSource(new CollectionSource([1, 2, 3, 4, 5])), 1],
  ["an iterable", () => asSource(new CollectionSource(iterableOf(["a", "b", "c"]))), 1],
  ["a one-shot iterator", () => asSource(new CollectionSource([1, 2, 3][Symbol.iterator]())), 1],
  ["nothing", () => asSource(new CollectionSource([])), 1],
  ["a sequence", () => asSource(new SequenceSource(-3, 8)), 1],
  ["a parallel sequence", () => asSource(new SequenceSource(-3, 8)), 3],
  ["a short parallel sequence", () => asSource(new SequenceSource(5, 6)), 3],
  ["a generator", () => asSource(new DataGeneratorSource((i, random) => [i, random.int(100)], 7, { seed: 3 })), 1],
  ["a parallel generator", () => asSource(new DataGeneratorSource((i, random) => [i, random.int(100)], 7, { seed: 3 })), 3],
];

describe("restoring at every record, in a new process, loses and repeats nothing", () => {
  test.each(sources)("%s", (_, make, parallelism) => {
    const expected = run(make(), parallelism);
    const pollsMax = 3 * expected.length + 6;
    for (let cut = 0; cut < pollsMax; cut += 1) {
      const first = new SourceHarness(make(), { parallelism });
      for (let polls = 0; polls < cut; polls += 1) first.poll((polls * 7) % parallelism);
      const snapshot = first.snapshot(1);
      const before = first.output.map((lines) => [...lines]);
      first.close();
      const second = new SourceHarness(make(), { parallelism }, snapshot);
      expect(second.drain()).toBe(true);
      const lines = before.flatMap((own, subtask) => [...own, ...second.take(subtask)]);
      expect(lines.sort()).toEqual([...expected].sort());
    }
  });
});

test("a sequence gives each subtask a contiguous range, both ends included", () => {
  expect(splitSequence(1, 10, 3).map(({ next, to }) => [next, to])).toEqual([
    [1, 4],
    [5, 7],
    [8, 10],
  ]);
  expect(splitSequence(7, 7, 2).map(({ next, to }) => [next, to])).toEqual([[7, 7]]);
  const widest = splitSequence(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 2);
  expect(widest.map(({ next, to }) => [next, to])).toEqual([
    [Number.MIN_SAFE_INTEGER, 0],
    [1, Number.MAX_SAFE_INTEGER],
  ]);
  expect(run(asSource(new SequenceSource(Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER)))).toHaveLength(2);
});

test.each([
  [() => new SequenceSource(2, 1), "from the smaller to the larger"],
  [() => new SequenceSource(0.5, 1), "safe integer, but is 0.5"],
  [() => new DataGeneratorSource(() => 1, -1), "from 0 on, or Infinity"],
  [() => new DataGeneratorSource(() => 1, 1, { recordsPerSecond: 0 }), "greater than zero"],
  [() => new DataGeneratorSource(() => 1, 1, { sed: 1 } as never), 'no option "sed"'],
  [() => new CollectionSource(5 as never), "but got 5"],
  [() => new CollectionSource((() => [1]) as never), "call the function"],
])("misuse is refused: %#", (make, message) => {
  expect(make).toThrow(message);
});

describe("the generator", () => {
  test("no record is late for a subtask that starts when another has ended", () => {
    const harness = new SourceHarness(new DataGeneratorSource((i) => i, 9), {
      parallelism: 3,
      startLater: [1, 2],
      strategy: WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((i) => i),
    });
    expect(harness.drain()).toBe(false);
    expect(harness.take(0).filter((line) => !line.startsWith("wm"))).toEqual(["0@0", "3@3", "6@6"]);
    for (const subtask of [2, 1]) harness.start(subtask);
    expect(harness.drain()).toBe(true);
    expect([1, 2].map((subtask) => harness.take(subtask).filter((line) => !line.startsWith("wm")))).toEqual([
      ["1@1", "4@4", "7@7"],
      ["2@2", "5@5", "8@8"],
    ]);
  });

  test("what a subtask had not begun to make goes to that subtask after a restore", () => {
    const generator = (): DataGeneratorSource<number> => new DataGeneratorSource((i) => i, 9);
    const strategy = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((i: number) => i);
    const first = new SourceHarness(generator(), { parallelism: 3, startLater: [2], strategy });
    for (let polls = 0; polls < 2; polls += 1) for (const subtask of [0, 1]) first.poll(subtask);
    const { enumerator, readers, checkpointId } = first.snapshot(1);
    const second = new SourceHarness(generator(), { parallelism: 3, strategy }, { enumerator, readers, checkpointId });
    expect(second.drain()).toBe(true);
    const numbers = [first, second].map((harness) => harness.output.map((lines) => lines.filter((line) => !line.startsWith("wm")).map(Number.parseFloat)));
    expect(numbers).toEqual([
      [[0, 3], [1, 4], []],
      [[6], [7], [2, 5, 8]],
    ]);
  });

  test("makes record i from the seed and i alone", () => {
    const make = (seed: number): AnySource =>
      asSource(new DataGeneratorSource((i, random) => `${i}:${random.next()}`, 50, { seed }));
    const alone = run(make(1));
    expect(run(make(1), 4).sort()).toEqual([...alone].sort());
    expect(new Set(alone).size).toBe(50);
    expect(run(make(2))).not.toEqual(alone);
  });

  test("keeps to its rate on the host's clock, and makes up for a pause a little only", () => {
    const source = new DataGeneratorSource((i) => i, Infinity, { recordsPerSecond: 100 });
    expect(source.boundedness).toBe("CONTINUOUS_UNBOUNDED");
    const harness = new SourceHarness(source);
    harness.drain();
    expect(harness.take()).toEqual(["0"]);
    harness.advanceTo(45);
    expect(harness.take()).toEqual(["1", "2", "3", "4"]);
    harness.jumpTo(60_000);
    harness.drain();
    expect(harness.take()).toHaveLength(11);
    harness.close();
  });

  test("names the index at which the function threw", () => {
    const source = new DataGeneratorSource((i) => {
      if (i === 2) throw new Error("no");
      return i;
    }, 5);
    expect(() => run(asSource(source))).toThrow("the data generator threw at index 2: Error: no");
  });
});

describe("collections that give each element once", () => {
  const streamOf = (elements: readonly string[]): ReadableStream<string> =>
    new ReadableStream({
      start(controller) {
        for (const element of elements) controller.enqueue(element);
        controller.close();
      },
    }) as never;
  async function* asyncOf(elements: readonly string[]): AsyncGenerator<string> {
    for (const element of elements) yield element;
  }

  const letters = ["a", "b", "c", "d"];
  test.each<[string, () => Collection<string>]>([
    ["an async iterable", () => asyncOf(letters)],
    ["a stream", () => streamOf(letters)],
  ])("%s answers by mail; a restore in a new process passes over what was read", async (_, make) => {
    for (let cut = 0; cut <= letters.length; cut += 1) {
      const first = new SourceHarness(new CollectionSource(make()));
      while (first.output[0]!.length < cut) {
        first.poll();
        await new Promise((resolve) => setImmediate(resolve));
      }
      const snapshot = first.snapshot(1);
      first.close();
      const second = new SourceHarness(new CollectionSource(make()), {}, snapshot);
      await second.drainAsync();
      expect([...first.take(), ...second.take()]).toEqual(letters);
    }
  });

  test("no more is pulled than is asked for, and the iterator is told when nobody reads on", async () => {
    let pulled = 0;
    let isReturned = false;
    async function* counting(): AsyncGenerator<number> {
      try {
        for (;;) yield (pulled += 1);
      } finally {
        isReturned = true;
      }
    }
    const harness = new SourceHarness(new CollectionSource(counting()));
    await new Promise((resolve) => setImmediate(resolve));
    expect(pulled).toBe(0);
    harness.poll();
    for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(pulled).toBe(16);
    harness.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(isReturned).toBe(true);
  });

  test("a failing iterable fails the source", async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 1;
      throw new Error("line lost");
    }
    await expect(new SourceHarness(new CollectionSource(failing())).drainAsync()).rejects.toThrow("line lost");
  });

  test("a restart in the same process says what is gone", () => {
    const source = new CollectionSource([1, 2, 3][Symbol.iterator]());
    const harness = new SourceHarness(source);
    harness.poll();
    harness.poll();
    harness.restartReader(0);
    expect(() => harness.poll()).toThrow("and 2 of them have been taken already");
  });

  test("a restore with a shorter collection is refused", () => {
    const harness = new SourceHarness(new CollectionSource([1, 2, 3]));
    harness.drain();
    const first = new SourceHarness(new CollectionSource([1, 2, 3]));
    first.poll();
    first.poll();
    const snapshot = first.snapshot(1);
    expect(() => new SourceHarness(new CollectionSource([1]), {}, snapshot).drain()).toThrow(
      "has 1 elements, but 2 had been read",
    );
  });
});
