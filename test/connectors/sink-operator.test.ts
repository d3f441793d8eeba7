import { describe, expect, test } from "vitest";
import { callbackSink } from "../../core/connectors/callback-sink.ts";
import { collectSink } from "../../core/connectors/collection-sink.ts";
import { printed, printSink } from "../../core/connectors/print-sink.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { Sink, SinkWriter } from "../../core/connectors/sink.ts";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { types } from "../../core/data/type.ts";
import { stamped } from "../../core/operators/batch-parts.ts";
import { OperatorHarness, type HarnessSnapshot } from "../../core/testing/operator-harness.ts";
import { batchOf } from "../data/column-batches.ts";

/** A store that makes batches visible when they are committed; committing one again does nothing. */
class Store {
  readonly log: string[] = [];
  readonly visible = new Map<string, readonly string[]>();
  closes: string[] = [];
  failCommits = false;
  #batches = 0;

  get records(): string[] {
    return [...this.visible.values()].flat();
  }

  sink(): Sink<string, string, readonly string[]> {
    const writer = (name: string) => {
      let open: string[] = [];
      return {
        write: (record: string) => void open.push(record),
        flush: (endOfInput: boolean) => void this.log.push(`flush ${endOfInput}`),
        prepareCommit: () => {
          if (open.length === 0) return [];
          this.#batches += 1;
          const batch = [`${name}${this.#batches}`, ...open];
          open = [];
          return [batch];
        },
        snapshotState: (id: number) => [`state of ${id}`],
        close: (clean: boolean) => void this.closes.push(`writer ${clean}`),
      };
    };
    return {
      describe: () => "store",
      createWriter: () => writer("new"),
      restoreWriter: (_, states) => {
        this.log.push(`restored ${states.join()}`);
        return writer("again");
      },
      writerStateType: types.string,
      createCommitter: () => ({
        commit: (batches) => {
          if (this.failCommits) throw new Error("store is down");
          this.log.push(`commit ${batches.map(([name]) => name).join()}`);
          for (const [name, ...records] of batches) this.visible.set(name!, records);
        },
        close: () => void this.closes.push("committer"),
      }),
      committableType: types.array(types.string),
    };
  }
}

function open(store: Store, from?: HarnessSnapshot): OperatorHarness {
  const factory = sinkFactory(store.sink());
  const harness = from === undefined ? new OperatorHarness(factory) : OperatorHarness.restore(factory, from);
  harness.open();
  return harness;
}

describe("two-phase commit", () => {
  test("what a checkpoint prepared becomes visible when it has completed", () => {
    const store = new Store();
    const harness = open(store);
    harness.element("a", 1);
    harness.element("b", 2);
    harness.snapshot(1);
    harness.element("c", 3);
    expect(store.records).toEqual([]);
    harness.completed(1);
    expect(store.records).toEqual(["a", "b"]);
    harness.watermark(Infinity);
    harness.finish();
    expect(store.records).toEqual(["a", "b", "c"]);
    harness.close();
    harness.close();
    expect(store.closes).toEqual(["writer true", "committer"]);
    expect(store.log).toEqual(["flush false", "commit new1", "flush true", "commit new2"]);
  });

  test("a completed checkpoint covers earlier ones that were aborted or are still open, but no later one", () => {
    const store = new Store();
    const harness = open(store);
    for (const [index, record] of ["a", "b", "c"].entries()) {
      harness.element(record);
      harness.snapshot(index + 1);
    }
    harness.aborted(1);
    expect(store.records).toEqual([]);
    harness.completed(2);
    expect(store.records).toEqual(["a", "b"]);
    harness.completed(3);
    harness.completed(3);
    expect(store.records).toEqual(["a", "b", "c"]);
    expect(store.log.filter((line) => line.startsWith("commit"))).toEqual(["commit new1,new2", "commit new3"]);
  });

  test("a restore commits what was pending, perhaps again, and goes on with the writer's state", () => {
    const store = new Store();
    const first = open(store);
    first.element("a");
    const snapshot = first.snapshot(1);
    first.element("lost");
    first.close();
    expect(store.closes).toEqual(["writer false", "committer"]);
    const second = open(store, snapshot);
    expect(store.records).toEqual(["a"]);
    expect(store.log.slice(-2)).toEqual(["commit new1", "restored state of 1"]);
    // The same snapshot once more: its commit had succeeded, its state is the same.
    const third = open(store, snapshot);
    expect(store.records).toEqual(["a"]);
    third.element("b");
    third.finish();
    expect(store.records).toEqual(["a", "b"]);
    second.close();
  });

  test("a commit that fails stays pending", () => {
    const store = new Store();
    const harness = open(store);
    harness.element("a");
    const snapshot = harness.snapshot(1);
    store.failCommits = true;
    expect(() => harness.completed(1)).toThrow('[SINK_FAILED] the sink "store" failed: store is down');
    store.failCommits = false;
    open(store, snapshot);
    expect(store.records).toEqual(["a"]);
  });

  test.each([
    [{ createCommitter: () => ({ commit: () => {} }) }, "createCommitter but not committableType"],
    [{ writerStateType: types.string }, "writerStateType but not restoreWriter"],
  ])("half a contract is refused: %#", (part, message) => {
    expect(() => sinkFactory({ ...callbackSink(() => {}), ...part } as Sink<unknown>)).toThrow(message);
  });
});

/** Answers when a test says so, in order. */
class SlowCommits {
  readonly begun: string[] = [];
  readonly visible: string[] = [];
  readonly #answers: { readonly fulfilled: () => unknown; readonly rejected: (cause: unknown) => unknown }[] = [];

  sink(): Sink<string, never, string> {
    return {
      describe: () => "slow",
      createWriter: () => {
        const records: string[] = [];
        return { write: (record) => void records.push(record), flush: () => {}, prepareCommit: () => records.splice(0), close: (clean) => void this.begun.push(`close ${clean}`) };
      },
      createCommitter: () => ({
        commit: (names) => {
          this.begun.push(names.join());
          return {
            then: (fulfilled: () => unknown, rejected: (cause: unknown) => unknown) => {
              this.#answers.push({ fulfilled: () => (this.visible.push(...names), fulfilled()), rejected });
            },
          } as unknown as PromiseLike<void>;
        },
      }),
      committableType: types.string,
    };
  }

  answer(failure?: Error): void {
    const { fulfilled, rejected } = this.#answers.shift()!;
    if (failure === undefined) fulfilled();
    else rejected(failure);
  }
}

describe("commits that answer later", () => {
  function open(slow: SlowCommits, from: readonly HarnessSnapshot[] = []): OperatorHarness {
    const harness = new OperatorHarness(sinkFactory(slow.sink()), {}, from);
    harness.open();
    return harness;
  }
  /** Lets the harness read the mail that the answer is. */
  function answer(slow: SlowCommits, harness: OperatorHarness, failure?: Error): void {
    slow.answer(failure);
    harness.setProcessingTime(0);
  }
  function checkpoint(harness: OperatorHarness, id: number, record: string): HarnessSnapshot {
    harness.element(record);
    const snapshot = harness.snapshot(id);
    harness.completed(id);
    return snapshot;
  }

  test("one at a time and in order, and where another waits, the sink blocks", () => {
    const slow = new SlowCommits();
    const harness = open(slow);
    checkpoint(harness, 1, "a");
    expect(harness.isBlocked).toBe(false);
    checkpoint(harness, 2, "b");
    expect([slow.begun, harness.isBlocked]).toEqual([["a"], true]);
    checkpoint(harness, 3, "c");
    answer(slow, harness);
    expect([slow.begun, harness.isBlocked]).toEqual([["a", "b,c"], true]);
    answer(slow, harness);
    expect(harness.isBlocked).toBe(false);
    checkpoint(harness, 4, "d");
    answer(slow, harness);
    expect(slow.visible).toEqual(["a", "b", "c", "d"]);
  });

  test("a snapshot taken meanwhile has what is being committed, one behind the answer has not", () => {
    const slow = new SlowCommits();
    const harness = open(slow);
    checkpoint(harness, 1, "a");
    harness.element("b");
    const during = harness.snapshot(2);
    answer(slow, harness);
    const behind = harness.snapshot(3);
    const committedFrom = (snapshot: HarnessSnapshot): readonly string[] => {
      const again = new SlowCommits();
      open(again, [snapshot]);
      return again.begun;
    };
    expect([committedFrom(during), committedFrom(behind)]).toEqual([["a,b"], ["b"]]);
  });

  test("a restore takes no records before it has committed again, and later checkpoints wait for their own completion", () => {
    const first = new SlowCommits();
    const snapshot = checkpoint(open(first), 1, "a");
    const slow = new SlowCommits();
    const harness = open(slow, [snapshot, snapshot]);
    expect([slow.begun, harness.isBlocked]).toEqual([["a,a"], true]);
    answer(slow, harness);
    expect(harness.isBlocked).toBe(false);
    harness.element("b");
    harness.snapshot(2);
    checkpoint(harness, 3, "c");
    expect(slow.begun).toEqual(["a,a", "b,c"]);
  });

  test("the end waits for those under way and for its own", () => {
    const slow = new SlowCommits();
    const harness = open(slow);
    checkpoint(harness, 1, "a");
    harness.element("b");
    harness.finish();
    expect([slow.begun, harness.isBlocked]).toEqual([["a"], true]);
    answer(slow, harness);
    expect([slow.begun, harness.isBlocked]).toEqual([["a", "b"], true]);
    answer(slow, harness);
    expect(harness.isBlocked).toBe(false);
    harness.close();
    expect(slow.begun).toEqual(["a", "b", "close true"]);
  });

  test("one that fails, fails the job and stays in state", () => {
    const slow = new SlowCommits();
    const harness = open(slow);
    const snapshot = checkpoint(harness, 1, "a");
    expect(() => answer(slow, harness, new Error("store is down"))).toThrow('[SINK_FAILED] the sink "slow" failed: store is down');
    harness.close();
    const again = new SlowCommits();
    const restored = open(again, [snapshot]);
    answer(again, restored);
    expect(again.visible).toEqual(["a"]);
  });

  test("answers behind the close are nobody's", () => {
    const slow = new SlowCommits();
    const harness = open(slow);
    checkpoint(harness, 1, "a");
    harness.close();
    answer(slow, harness);
    expect(slow.begun).toEqual(["a", "close false"]);
  });
});

test("a sink that is not ready blocks its task until it says so", () => {
  let room = 2;
  let listener = (): void => {};
  const taken: unknown[] = [];
  const factory = sinkFactory(
    collectSink({
      take: (record) => {
        taken.push(record);
        room -= 1;
      },
      isReady: () => 0 < room,
      onReady: (call) => {
        listener = call;
        return () => {
          listener = () => {};
        };
      },
    }),
  );
  const harness = new OperatorHarness(factory);
  harness.open();
  harness.element("a");
  expect(harness.isBlocked).toBe(false);
  harness.element("b");
  expect(harness.isBlocked).toBe(true);
  listener();
  harness.setProcessingTime(0);
  expect(harness.isBlocked).toBe(true);
  room = 1;
  listener();
  harness.setProcessingTime(0);
  expect(harness.isBlocked).toBe(false);
  harness.close();
  expect(taken).toEqual(["a", "b"]);
});

describe("a sink that takes columns", () => {
  type Watermarked = { readonly watermark: number };
  /** Notes what it is given, and how. */
  function notingSink(log: string[], writer: Partial<SinkWriter<unknown>> = {}): Sink<unknown> {
    return {
      describe: () => "notes",
      takesColumns: true,
      createWriter: () => ({
        write: (record, { timestamp, watermark }) => void log.push(`${JSON.stringify(record)} @ ${timestamp}, after ${watermark}`),
        writeColumns(batch: ColumnBatch, { watermark: before }: Watermarked) {
          let watermark = before;
          log.push(`${batch.length} as columns`);
          batch.forEach(
            (row) => log.push(`${JSON.stringify(batch.rowAt(row))} @ ${batch.timestamps[row]}, after ${watermark}`),
            (next) => (watermark = next),
          );
        },
        flush: () => {},
        close: () => {},
        ...writer,
      }),
    };
  }
  const batch = stamped(batchOf(["a", "b", "c", "d"]), Float64Array.of(0, 1, 2, 3), { rows: [1, 3, 4], watermarks: [5, 6, 7] });

  test("gets each record once, with the watermark before it, whether it comes alone or in a batch", () => {
    const log: string[] = [];
    const harness = new OperatorHarness(sinkFactory(notingSink(log)));
    harness.open();
    harness.watermark(4);
    harness.columns(batch);
    harness.columns(batch.select(Int32Array.of()));
    harness.element("e", 8);
    expect(log).toEqual(["4 as columns", '"a" @ 0, after 4', '"b" @ 1, after 5', '"c" @ 2, after 5', '"d" @ 3, after 6', '"e" @ 8, after 7']);
    expect(harness.metrics).toMatchObject({ recordsIn: 5, currentWatermark: 7 });
    harness.close();
  });

  test("blocks its task behind the batch after which it is not ready", () => {
    let isReady = true;
    const harness = new OperatorHarness(sinkFactory(notingSink([], { isReady: () => isReady })));
    harness.open();
    harness.columns(batch);
    expect(harness.isBlocked).toBe(false);
    isReady = false;
    harness.columns(batch);
    expect(harness.isBlocked).toBe(true);
    harness.close();
  });

  test("fails as with records, and must do as it says", () => {
    const fail = (): never => {
      throw new Error("broken");
    };
    const broken = new OperatorHarness(sinkFactory(notingSink([], { writeColumns: fail })));
    broken.open();
    expect(() => broken.columns(batch)).toThrow('[SINK_FAILED] the sink "notes" failed: broken');
    expect(sinkFactory(callbackSink(() => {})).columns).toBeUndefined();
    expect(sinkFactory(notingSink([])).columns).toEqual({ takes: true, gives: false });
    const without = new OperatorHarness(sinkFactory({ ...callbackSink(() => {}), takesColumns: true }));
    expect(() => without.open()).toThrow("says that it takesColumns, but its writer has no writeColumns");
  });
});

test("a writer that throws names operator, subtask, record and timestamp", () => {
  const sink: Sink<unknown> = {
    describe: () => "pipe",
    createWriter: () => ({
      write: () => {
        throw new Error("broken");
      },
      flush: () => {},
      close: () => {},
    }),
  };
  const harness = new OperatorHarness(sinkFactory(sink), { name: "out", parallelism: 2, subtask: 1 });
  harness.open();
  expect(() => harness.element({ id: 1 }, 5)).toThrow(
    expect.objectContaining({
      code: "SINK_FAILED",
      place: expect.objectContaining({ operator: "out", subtask: 1, record: '{"id":1}', timestamp: 5 }) as unknown,
    }),
  );
});

test("a writer whose methods are async is refused: nobody would wait for them", () => {
  const open = (writer: Partial<SinkWriter<number>>): OperatorHarness => {
    const rest = { write: () => {}, writeColumns: () => {}, flush: () => {}, close: () => {} };
    const sink: Sink<number> = { describe: () => "slow", takesColumns: true, createWriter: () => ({ ...rest, ...writer }) };
    const harness = new OperatorHarness(sinkFactory(sink));
    harness.open();
    return harness;
  };
  const message = 'of the sink "slow" returned a promise, which nothing waits for: use callbackSink(…)';
  expect(() => open({ write: async () => {} }).element(1, 5)).toThrow(`write ${message}`);
  expect(() => open({ write: () => Promise.reject(new Error("lost")) }).element(1, 5)).toThrow(`write ${message}`);
  expect(() => open({ writeColumns: (async () => true) as never }).columns(batchOf([1, 2]))).toThrow(`writeColumns ${message}`);
});

test("collects into an array, and calls back with timestamp and watermark", () => {
  const array: unknown[] = [];
  const calls: unknown[] = [];
  for (const sink of [
    collectSink<unknown>(array),
    callbackSink<unknown>((record, { timestamp, watermark }) => calls.push([record, timestamp, watermark])),
  ]) {
    const harness = new OperatorHarness(sinkFactory(sink));
    harness.open();
    harness.element("a", 3);
    harness.watermark(7);
    harness.element("b");
    harness.finish();
    harness.close();
  }
  expect(array).toEqual(["a", "b"]);
  expect(calls).toEqual([
    ["a", 3, -Infinity],
    ["b", undefined, 7],
  ]);
});

test("what a callback throws is the user's failure", () => {
  const harness = new OperatorHarness(
    sinkFactory(
      callbackSink(() => {
        throw new TypeError("oops");
      }),
    ),
  );
  harness.open();
  const expected = { code: "USER_FUNCTION_FAILED", reason: "TypeError: oops", place: { record: '"a"' } };
  expect(() => harness.element("a")).toThrow(
    expect.objectContaining({ ...expected, place: expect.objectContaining(expected.place) as unknown }),
  );
});

test.each([
  ["", 1, 0, "x"],
  ["", 3, 1, "2> x"],
  ["out", 1, 0, "out> x"],
  ["out", 3, 2, "out:3> x"],
])("prints with Flink's prefix: name %j, parallelism %i", (name, parallelism, subtask, expected) => {
  const harness = new OperatorHarness(sinkFactory(printSink(name)), { parallelism, subtask });
  harness.open();
  harness.element("x");
  expect(harness.printed).toEqual([expected]);
});

test.each<[unknown, string]>([
  ["two\nlines", "two\nlines"],
  [-0, "-0"],
  [12n, "12n"],
  [undefined, "undefined"],
  [null, "null"],
  [
    { a: [1, NaN], b: 2n, c: new Map([["k", 1]]), d: new Set([1]) },
    '{"a":[1,"NaN"],"b":"2n","c":{"Map":[["k",1]]},"d":{"Set":[1]}}',
  ],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
])("prints it whole: %#", (record, expected) => {
  expect(printed(record)).toBe(expected);
});
