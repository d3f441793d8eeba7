import {
  avg,
  columnsOf,
  count,
  type DataStream,
  type FieldAggregate,
  first,
  last,
  max,
  milliseconds,
  min,
  OutputTag,
  type Sink,
  stddevSamp,
  StreamExecutionEnvironment,
  sum,
  types,
  varPop,
  WatermarkStrategy,
} from "tamias";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { type Type } from "../../core/data/type.ts";
import { buildJobGraph, type JobGraph } from "../../core/graph/job-graph.ts";
import type { StreamGraph } from "../../core/graph/stream-graph.ts";
import type { KernelModule } from "../../core/host/kernel-module.ts";
import { windowFactory } from "../../core/operators/window-factory.ts";
import { LocalJob, type JobOutcome, type RestorePoint } from "../../core/runtime/local-job.ts";
import { CheckpointDriver, MemoryParts } from "../../core/testing/checkpoint-driver.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";
import { BuiltInAggregates } from "../../core/windows/built-in-aggregates.ts";
import { aggregatePane } from "../../core/windows/pane-functions.ts";
import { type ColumnCase, type Item, type Kind } from "./column-case.ts";
import { CaseSource, type Travel } from "./column-source.ts";
import { timeWindowsOf } from "./time-window-spec.ts";

/** How a job is run: how its records travel, and what holds its panes. `meaning`: keyed state and timers, record by record. */
export interface Way {
  readonly travel: Travel;
  readonly panes: "meaning" | "heap" | "kernel";
  /** Undefined: the kernel in JavaScript. */
  readonly module: KernelModule | undefined;
}

/** All that a run shows of itself. */
export interface Seen {
  /** By sink and subtask, in order. */
  readonly results: ReadonlyMap<string, readonly string[]>;
  /** By operator and subtask. */
  readonly counters: readonly string[];
  readonly error: string | undefined;
  readonly restores: number;
}

const STEPS_MAX = 200_000;
const LATE: OutputTag<Item> = new OutputTag<Item>("late");

type Log = Map<string, string[]>;

/** Runs the case without a crash. */
export function runCase(given: ColumnCase, way: Way): Seen {
  return new CaseRun(given, [way]).run();
}

/** The same with a crash behind a checkpoint for each further way: the next attempt goes on from there in that way. */
export function runWithCrashes(given: ColumnCase, ways: readonly Way[]): Seen {
  return new CaseRun(given, ways).run();
}

class CaseRun {
  readonly #given: ColumnCase;
  readonly #ways: readonly Way[];
  readonly #log: Log = new Map();
  readonly #parts = new MemoryParts();
  #point: RestorePoint | undefined;
  #nextCheckpointId = 1;
  #attempt = 0;

  constructor(given: ColumnCase, ways: readonly Way[]) {
    this.#given = given;
    this.#ways = ways;
  }

  run(): Seen {
    for (; ; this.#attempt += 1) {
      const seen = this.#runAttempt(this.#ways[this.#attempt]!, this.#attempt + 1 < this.#ways.length);
      if (seen !== undefined) return seen;
    }
  }

  /** Undefined: it has crashed. */
  #runAttempt(way: Way, crashes: boolean): Seen | undefined {
    const { seed, turnRecords, checkpointEvery, crashAfter } = this.#given;
    const host = new SimulatedHost({ seed: seed + this.#attempt });
    const state: { outcome: JobOutcome | undefined } = { outcome: undefined };
    const job = new LocalJob(jobGraph(this.#given, way, this.#log), {
      host: way.module === undefined ? host : Object.assign(host, { kernel: way.module }),
      attempt: this.#attempt,
      restore: this.#point,
      freeze: false,
      turnRecordsMax: turnRecords,
      channelCredits: undefined,
      onEnd: (outcome) => {
        state.outcome = outcome;
      },
    });
    const driver = new CheckpointDriver(job, { parts: this.#parts, firstId: this.#nextCheckpointId });
    job.start();
    for (let steps = 1; state.outcome === undefined; steps += 1) {
      if (host.runUntilIdle(1) && state.outcome === undefined) throw new Error("the job hangs: nothing is left to run, and it has not ended");
      if (STEPS_MAX < steps) throw new Error(`the job hangs: it has not ended after ${STEPS_MAX} steps`);
      if (!crashes) continue;
      if (steps % checkpointEvery === 0 && !driver.isPending && state.outcome === undefined) driver.begin();
      if (crashAfter <= steps && 0 < driver.completedCount && state.outcome === undefined) {
        this.#point = driver.latest();
        this.#nextCheckpointId = driver.nextId;
        job.cancel();
        return undefined;
      }
    }
    const error = state.outcome.status === "FAILED" ? state.outcome.error : undefined;
    return {
      results: new Map([...this.#log].sort(([a], [b]) => (a < b ? -1 : 1))),
      counters: countersOf(job),
      error: error === undefined ? undefined : `${error.code} ${error.reason} ${JSON.stringify(error.place)}`,
      restores: this.#attempt,
    };
  }
}

function countersOf(job: LocalJob): string[] {
  return job.tasks.flat().flatMap((task) =>
    task.chain.links.map(({ context: { subtask, metrics } }) => {
      const { recordsIn, recordsOut, lateRecordsDropped, lateRecordsKept, refirings, currentWatermark } = metrics;
      return `${subtask.operatorName} ${subtask.index}: ${[recordsIn, recordsOut, lateRecordsDropped, lateRecordsKept, refirings, currentWatermark].join(" ")}`;
    }),
  );
}

function jobGraph(given: ColumnCase, way: Way, log: Log): JobGraph {
  const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism: given.parallelism, firePanesPerTurn: given.firePanesPerTurn, runtimeMode: given.mode });
  const spec = aggregatesOf(given);
  const keyed = stagesOf(given, sourceOf(given, way, env)).keyBy("key" as never);
  const assigned = keyed.window(timeWindowsOf(given.assigner)).allowedLateness(milliseconds(given.latenessMs));
  const sums = (given.hasLateTag ? assigned.sideOutputLateData(LATE) : assigned).aggregate(spec as never) as unknown as DataStream<{ readonly n: number }>;
  const results = afterOf(given, sums);
  results.sinkTo(new LogSink("results", log, way.travel === "columns")).name("results");
  if (given.hasLateTag) (sums as never as { getSideOutput(tag: OutputTag<Item>): DataStream<Item> }).getSideOutput(LATE).sinkTo(new LogSink("late", log, way.travel === "columns")).name("late");
  const graph = env.getStreamGraph("case");
  return buildJobGraph(way.panes === "kernel" ? graph : withPanes(graph, given, spec, way.panes === "heap" ? "heap" : "keyed"));
}

/** The same windows on other panes, which no user can ask for. */
function withPanes(graph: StreamGraph, given: ColumnCase, spec: Record<string, FieldAggregate<Item, unknown>>, panes: "heap" | "keyed"): StreamGraph {
  const nodes = graph.nodes.map((node) => {
    if (node.factory.kind !== "window") return node;
    const factory = windowFactory<Item, unknown, unknown, unknown, unknown>({
      keyOf: node.keys![0] as (record: Item) => unknown,
      assigner: timeWindowsOf(given.assigner),
      contents: aggregatePane(new BuiltInAggregates<Item, unknown>(spec as never)) as never,
      contentsType: types.dynamic as Type<unknown>,
      emit: { kind: "values" },
      allowedLatenessMs: given.latenessMs,
      lateTag: given.hasLateTag ? LATE : undefined,
      panes,
    });
    return { ...node, factory };
  });
  return { ...graph, nodes };
}

function sourceOf(given: ColumnCase, { travel }: Way, env: StreamExecutionEnvironment): DataStream<Item> {
  const bounded = WatermarkStrategy.forBoundedOutOfOrderness<Item>(milliseconds(given.boundMs));
  const strategy = bounded.withTimestampAssigner(given.watermarks === "source, by a function" ? ({ time }: Item) => time : columnsOf<Item>()("time"));
  const source = new CaseSource(given, travel);
  if (given.watermarks !== "operator") return env.fromSource(source, strategy, "items").setParallelism(1) as never;
  return env.fromSource(source, WatermarkStrategy.noWatermarks<Item>(), "items").setParallelism(1).assignTimestampsAndWatermarks(strategy).setParallelism(1) as never;
}

function stagesOf({ stage }: ColumnCase, items: DataStream<Item>): DataStream<Item> {
  const col = columnsOf<Item>();
  switch (stage) {
    case "none":
      return items;
    case "filter":
      return items.filter(col("weight").gt(0)).setParallelism(1);
    case "select":
      return items.select(col("weight").plus(1).as("weight"), col("value"), col("key"), col("time")).setParallelism(1) as unknown as DataStream<Item>;
    case "ifNull":
      return items.addOrReplaceColumns(col("value").ifNull(1).as("value")).setParallelism(1) as unknown as DataStream<Item>;
    case "function":
      return items.map((item) => item).setParallelism(1);
  }
}

function afterOf({ after }: ColumnCase, sums: DataStream<{ readonly n: number }>): DataStream<unknown> {
  if (after === "filter") return sums.filter(columnsOf<{ readonly n: number }>()("n").gt(1));
  return after === "function" ? sums.map((result) => result) : sums;
}

const AGGREGATES: Readonly<Record<Kind, (field: "value") => FieldAggregate<never, unknown>>> = { sum, min, max, avg, varPop, stddevSamp, first, last };

function aggregatesOf({ kinds, hasExpression }: ColumnCase): Record<string, FieldAggregate<Item, unknown>> {
  const spec: Record<string, FieldAggregate<never, unknown>> = { n: count() };
  for (const kind of kinds) spec[kind] = AGGREGATES[kind]("value");
  if (hasExpression) spec["double"] = sum(columnsOf<Item>()("weight").times(2)) as FieldAggregate<never, unknown>;
  return spec as Record<string, FieldAggregate<Item, unknown>>;
}

/** Notes each record with its timestamp and the watermark before it. A restore takes back what was noted since. */
class LogSink<T> implements Sink<T, number> {
  readonly writerStateType = types.int;
  /** Present where it takes batches. */
  declare readonly takesColumns?: true;
  readonly #name: string;
  readonly #log: Log;

  constructor(name: string, log: Log, columns: boolean) {
    this.#name = name;
    this.#log = log;
    if (columns) this.takesColumns = true;
  }

  describe(): string {
    return `log of ${this.#name}`;
  }

  createWriter({ subtaskIndex }: { readonly subtaskIndex: number }): ReturnType<LogSink<T>["restoreWriter"]> {
    return this.restoreWriter({ subtaskIndex }, [0]);
  }

  restoreWriter({ subtaskIndex }: { readonly subtaskIndex: number }, [length]: readonly number[]) {
    const name = `${this.#name} ${subtaskIndex}`;
    const lines = (this.#log.get(name) ?? []).slice(0, length ?? 0);
    this.#log.set(name, lines);
    const note = (record: unknown, timestamp: number | undefined, watermark: number): void => void lines.push(`${shown(record)} @ ${timestamp}, after ${watermark}`);
    return {
      write: (record: T, { timestamp, watermark }: { readonly timestamp: number | undefined; readonly watermark: number }) => note(record, timestamp, watermark),
      writeColumns: (batch: ColumnBatch, { watermark: before }: { readonly watermark: number }) => {
        let watermark = before;
        batch.forEach(
          (row) => note(batch.rowAt(row), batch.timestamps[row] === -Infinity ? undefined : batch.timestamps[row], watermark),
          (next) => (watermark = next),
        );
      },
      flush() {},
      snapshotState: () => [lines.length],
      close() {},
    };
  }
}

/** Tells −0 from 0, a bigint from a number, and a missing field from one that is undefined. */
function shown(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value !== "object" || value === null) return typeof value === "string" ? JSON.stringify(value) : String(value);
  return `{${Object.entries(value).map(([name, field]) => `${name}: ${shown(field)}`).join(", ")}}`;
}
