import { expect, test } from "vitest";
import * as fc from "fast-check";
import {
  columnsOf,
  count,
  type DataStream,
  max,
  milliseconds,
  min,
  OutputTag,
  type Sink,
  SlidingEventTimeWindows,
  StreamExecutionEnvironment,
  sum,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "tamias";
import { buildJobGraph } from "../../core/graph/job-graph.ts";
import type { KernelModule } from "../../core/host/kernel-module.ts";
import { type JobOutcome, LocalJob } from "../../core/runtime/local-job.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";
import { loadKernelModule } from "../../node/kernel-module.ts";
import { type ColumnCase, columnCases, type Item } from "./column-case.ts";
import { CaseSource } from "./column-source.ts";
import { checkLaw } from "./law.ts";

const module = await loadKernelModule();
const LATE: OutputTag<Item> = new OutputTag<Item>("late");

interface UnionCase {
  readonly given: ColumnCase;
  /** Which of the sources has an item, by turns. */
  readonly turns: readonly number[];
  readonly idleTimeoutMs: number | undefined;
  /** The sinks are not ready after so many records. */
  readonly sinkRecords: number;
}

const cases: fc.Arbitrary<UnionCase> = fc.record({
  given: columnCases.filter(({ assigner, items }) => assigner.kind !== "session" && items.every(({ record }) => Number.isSafeInteger(record.value))),
  turns: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 4 }),
  idleTimeoutMs: fc.constantFrom(undefined, undefined, 1, 5),
  sinkRecords: fc.constantFrom(1, 7, 1_000),
});

/** The order in which inputs come is nobody's, so nothing here depends on it: no record is late, and no sum is rounded. */
function run({ given, turns, idleTimeoutMs, sinkRecords }: UnionCase, columns: boolean, kernel: KernelModule | undefined): ReadonlyMap<string, readonly string[]> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism: given.parallelism, firePanesPerTurn: given.firePanesPerTurn, runtimeMode: given.mode });
  const col = columnsOf<Item>();
  const bounded = WatermarkStrategy.forBoundedOutOfOrderness<Item>(milliseconds(1e9)).withTimestampAssigner(col("time"));
  const strategy = idleTimeoutMs === undefined ? bounded : bounded.withIdleness(milliseconds(idleTimeoutMs));
  const [first, ...others] = [0, 1, 2].map((source) => {
    const items = given.items.filter((_item, index) => turns[index % turns.length] === source);
    return env.fromSource(new CaseSource({ ...given, items }, columns ? "columns" : "alone"), strategy, `items ${source}`).setParallelism(1) as unknown as DataStream<Item>;
  });
  const log = new Map<string, string[]>();
  const all = first!.union(...others);
  const positive = all.filter(col("weight").gt(-2));
  positive.filter(col("weight").gt(3)).sinkTo(new SlowSink("heavy", log, sinkRecords));
  const { assigner, latenessMs } = given;
  const windows =
    assigner.kind === "tumbling"
      ? TumblingEventTimeWindows.of(milliseconds(assigner.sizeMs), milliseconds(assigner.offsetMs))
      : assigner.kind === "sliding"
        ? SlidingEventTimeWindows.of(milliseconds(assigner.sizeMs), milliseconds(assigner.slideMs), milliseconds(assigner.offsetMs))
        : expect.unreachable();
  const sums = positive
    .keyBy("key" as never)
    .window(windows)
    .allowedLateness(milliseconds(latenessMs))
    .sideOutputLateData(LATE)
    .aggregate({ n: count(), sum: sum("value" as never), least: min("value" as never), most: max("weight") } as never);
  sums.sinkTo(new SlowSink("sums", log, sinkRecords));
  sums.getSideOutput(LATE).sinkTo(new SlowSink("late", log, sinkRecords));
  const host = Object.assign(new SimulatedHost({ seed: given.seed }), kernel === undefined ? {} : { kernel });
  const outcomes: JobOutcome[] = [];
  const graph = buildJobGraph(env.getStreamGraph("unions"));
  new LocalJob(graph, { host, attempt: 0, restore: undefined, freeze: true, turnRecordsMax: given.turnRecords, channelCredits: 2, onEnd: (outcome) => outcomes.push(outcome) }).start();
  expect(host.runUntilIdle(1_000_000)).toBe(true);
  expect(outcomes).toEqual([{ status: "FINISHED" }]);
  return new Map([...log].map(([name, lines]) => [name, lines.sort()]));
}

/** Takes some records per millisecond of the virtual clock. */
class SlowSink implements Sink<unknown> {
  readonly #name: string;
  readonly #lines: string[];
  readonly #records: number;

  constructor(name: string, log: Map<string, string[]>, records: number) {
    this.#name = name;
    this.#lines = [];
    this.#records = records;
    log.set(name, this.#lines);
  }

  describe(): string {
    return this.#name;
  }

  createWriter({ at, now, notifyReady }: Parameters<Sink<unknown>["createWriter"]>[0]) {
    let taken = 0;
    return {
      write: (record: unknown, { timestamp }: { readonly timestamp: number | undefined }): void => {
        this.#lines.push(`${JSON.stringify(record, (_name, value: unknown) => (typeof value === "bigint" ? `${value}n` : value))} @ ${timestamp}`);
        taken += 1;
        if (taken < this.#records) return;
        at(now() + 1, () => {
          taken = 0;
          notifyReady();
        });
      },
      isReady: () => taken < this.#records,
      flush() {},
      close() {},
    };
  }
}

test("several inputs, several readers, idle inputs, slow sinks: the same records as rows and as columns", () => {
  let sums = 0;
  checkLaw("rows = columns, of several inputs", cases, 150, (given) => {
    const expected = run(given, false, undefined);
    sums += expected.get("sums")!.length;
    expect(run(given, true, undefined)).toEqual(expected);
    expect(run(given, true, module)).toEqual(expected);
  });
  expect(sums).toBeGreaterThan(0);
});
