/** Tamias in programs of others: as a package of its own, cancelled from outside, and what it says when a job is wrong. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  BoundedOutOfOrdernessWatermarks,
  callbackSink,
  collectSink,
  DataGeneratorSource,
  ERROR_CODES,
  JobError,
  KeyedProcessFunction,
  LongCounter,
  MapStateDescriptor,
  PushSource,
  RichMapFunction,
  seconds,
  StreamExecutionEnvironment,
  sum,
  TumblingEventTimeWindows,
  types,
  ValueStateDescriptor,
  WatermarkStrategy,
  type ErrorCode,
  type ExecutionOptions,
  type Sink,
  type Source,
  type StreamExecutionEnvironment as Environment,
  type ValueState,
} from "tamias";
import { buildJobGraph, CheckpointDriver, LocalJob, SimulatedHost, type JobOutcome, type RestorePoint } from "tamias/testing";
import { describe, expect, test } from "vitest";
import { ROOT, Running } from "./command-line.ts";

test("a plain program: a loop over all rows, one left early, one ended by a signal", async () => {
  const program = fileURLToPath(new URL("programs/embedding.mjs", import.meta.url));
  expect(await new Running(process.execPath, [program]).ended).toEqual({
    code: 0,
    signal: null,
    stdout: "[[0,6],[1,9]]\n1\n2\nclosed\nclosed\nJOB_CANCELED enough function\n",
    stderr: "",
  });
});

test("nothing of Node is reachable from the built package", () => {
  const entry = join(ROOT, "dist", "core", "index.js");
  const reached = new Set<string>([entry]);
  for (const path of reached) {
    for (const [, atOnce, onDemand] of readFileSync(path, "utf8").matchAll(/^(?:import|export) (?:.* from )?["']([^"']+)["']|\bimport\(["']([^"']+)["']\)/gm)) {
      const specifier = atOnce ?? onDemand;
      // An example in a doc comment imports the package by its name.
      if (specifier === "tamias" || specifier === "tamias/testing") continue;
      expect(specifier, `in ${relative(ROOT, path)}`).toMatch(/^\.\.?\//);
      reached.add(join(dirname(path), specifier!));
    }
  }
  for (const path of reached) {
    expect(relative(join(ROOT, "dist"), path)).toMatch(/^(core|chunks)\//);
    expect(existsSync(path), path).toBe(true);
  }
  // The chunk of what every job needs, and parts.
  expect(reached.size).toBeGreaterThan(10);
});

interface Reading {
  readonly room: string;
  readonly value: number;
  readonly at: number;
}

const READINGS: readonly Reading[] = [
  { room: "kitchen", value: 20, at: 1_000 },
  { room: "cellar", value: 12, at: 2_000 },
];

function environment(options: ExecutionOptions = {}): Environment {
  return StreamExecutionEnvironment.getExecutionEnvironment(options);
}

/** Runs what the callback writes, and gives what it fails with. */
function executing(write: (env: Environment) => void, options: ExecutionOptions = {}): () => Promise<unknown> {
  return async () => {
    const env = environment(options);
    write(env);
    return env.execute("wrong");
  };
}

const byTime = WatermarkStrategy.forMonotonousTimestamps<Reading>().withTimestampAssigner((reading) => reading.at);
const window = TumblingEventTimeWindows.of(seconds(1));

class TwoTypes extends RichMapFunction<Reading, Reading> {
  override open(): void {
    this.getRuntimeContext().getState(new ValueStateDescriptor("last", types.number));
    this.getRuntimeContext().getMapState(new MapStateDescriptor("last", types.string, types.number));
  }
  override map(reading: Reading): Reading {
    return reading;
  }
}

class StateInOpen extends RichMapFunction<Reading, Reading> {
  override open(): void {
    const last: ValueState<number> = this.getRuntimeContext().getState(new ValueStateDescriptor("last", types.number));
    last.update(1);
  }
  override map(reading: Reading): Reading {
    return reading;
  }
}

class WithState extends RichMapFunction<Reading, Reading> {
  override open(): void {
    this.getRuntimeContext().getState(new ValueStateDescriptor("last", types.number));
  }
  override map(reading: Reading): Reading {
    return reading;
  }
}

class Counting extends RichMapFunction<number, number> {
  readonly #counter = new LongCounter();
  override open(): void {
    this.getRuntimeContext().addAccumulator("total", this.#counter);
  }
  override map(n: number): number {
    this.#counter.add(Number.MAX_SAFE_INTEGER);
    return n;
  }
}

class Late extends KeyedProcessFunction<string, Reading, Reading> {
  override processElement(): void {
    throw new Error("a bug of the job");
  }
}

const brokenSource: Source<number, { readonly path: string }, null> = {
  describe: () => "broken",
  boundedness: "BOUNDED",
  splitType: types.object({ path: types.string }),
  enumeratorStateType: types.literal(null) as never,
  splitId: ({ path }) => path,
  createEnumerator: () => {
    throw new Error("no such bucket");
  },
  restoreEnumerator: () => {
    throw new Error("no such bucket");
  },
  createReader: () => {
    throw new Error("no such bucket");
  },
};

const brokenSink: Sink<unknown> = {
  describe: () => "broken",
  createWriter: () => ({
    write: () => {
      throw new Error("the disk is full");
    },
    flush: () => {},
    close: () => {},
  }),
};

/** Runs a job to a checkpoint, then another one from it. */
function restoring(before: (env: Environment) => void, after: (env: Environment) => void): () => Promise<unknown> {
  const run = (
    write: (env: Environment) => void,
    restore: RestorePoint | undefined,
  ): { readonly point: RestorePoint | undefined; readonly outcome: JobOutcome | undefined } => {
    const env = environment();
    write(env);
    const host = new SimulatedHost({ seed: 1 });
    let outcome: JobOutcome | undefined;
    const job = new LocalJob(buildJobGraph(env.getStreamGraph()), {
      host,
      attempt: 0,
      restore,
      freeze: true,
      turnRecordsMax: 10,
      channelCredits: 2,
      onEnd: (ended) => {
        outcome = ended;
      },
    });
    job.start();
    const driver = new CheckpointDriver(job);
    for (let step = 0; step < 20 && outcome === undefined; step += 1) host.step();
    if (outcome === undefined && restore === undefined) driver.begin();
    while (driver.isPending && outcome === undefined) host.step();
    job.cancel();
    return { point: driver.latest(), outcome };
  };
  return async () => {
    const { point } = run(before, undefined);
    expect(point).toBeDefined();
    const { outcome } = run(after, point);
    if (outcome?.status === "FAILED") throw outcome.error;
    return outcome;
  };
}

class LastValue extends KeyedProcessFunction<number, number, number> {
  readonly #type: "number" | "string";
  constructor(type: "number" | "string") {
    super();
    this.#type = type;
  }
  override open(): void {
    const type = this.#type === "number" ? types.number : types.string;
    this.#last = this.getRuntimeContext().getState(new ValueStateDescriptor<number | string>("last", type as never));
  }
  #last!: ValueState<number | string>;
  override processElement(n: number): void {
    this.#last.update(this.#type === "number" ? n : String(n));
  }
}

const keyed =
  (type: "number" | "string") =>
  (env: Environment): void => {
    env
      .fromSequence(1, 10_000)
      .keyBy((n) => n % 3)
      .process(new LastValue(type))
      .uid("last")
      .print();
  };

interface Wrong {
  readonly code: ErrorCode;
  readonly about: string;
  readonly provoke: () => Promise<unknown>;
}

const wrong: readonly Wrong[] = [
  {
    code: "DUPLICATE_UID",
    about: "one uid for two operators",
    provoke: executing(
      (env) =>
        void env
          .fromElements(1)
          .map((n) => n)
          .uid("same")
          .filter(() => true)
          .uid("same")
          .print(),
    ),
  },
  { code: "INVALID_ARGUMENT", about: "a window of no size", provoke: async () => TumblingEventTimeWindows.of(seconds(0)) },
  {
    code: "INVALID_ARGUMENT",
    about: "forward between unequal parallelisms",
    provoke: executing(
      (env) =>
        void env
          .fromSequence(1, 9)
          .setParallelism(2)
          .forward()
          .map((n) => n)
          .setParallelism(3)
          .print(),
    ),
  },
  { code: "INVALID_ARGUMENT", about: "a parallelism of none", provoke: async () => environment().setParallelism(0) },
  { code: "UNKNOWN_OPTION", about: "an option that is misspelled", provoke: async () => environment({ paralelism: 2 } as never) },
  // The types refuse it too.
  {
    code: "UNKEYED_STREAM",
    about: "a window on a stream without keys",
    provoke: executing((env) => void (env.fromElements(1) as unknown as { window(w: unknown): void }).window(window)),
  },
  {
    code: "MISSING_TIMESTAMPS",
    about: "an event-time window where nothing assigns timestamps",
    provoke: executing(
      (env) =>
        void env
          .fromCollection(READINGS)
          .keyBy((r) => r.room)
          .window(window)
          .sum("value")
          .print(),
    ),
  },
  {
    code: "MISSING_TIMESTAMPS",
    about: "an event-time window behind a source that could have had timestamps and has none",
    provoke: executing(
      (env) =>
        void env
          .fromSource(new DataGeneratorSource((i) => i, 10), WatermarkStrategy.noWatermarks(), "untimed")
          .keyBy((n) => n)
          .window(window)
          .reduce((a) => a)
          .print(),
    ),
  },
  {
    code: "INVALID_TIMESTAMP",
    about: "a timestamp that is no number",
    provoke: executing(
      (env) =>
        void env
          .fromCollection(READINGS)
          .assignTimestampsAndWatermarks(byTime.withTimestampAssigner(() => NaN))
          .print(),
    ),
  },
  {
    code: "INVALID_KEY",
    about: "a key that is null",
    provoke: executing(
      (env) =>
        void env
          .fromCollection(READINGS)
          .keyBy(() => null as unknown as string)
          .sum("value")
          .print(),
    ),
  },
  {
    code: "INVALID_KEY",
    about: "a key that is a function",
    provoke: executing(
      (env) =>
        void env
          .fromCollection(READINGS)
          .keyBy(() => (() => 1) as unknown as string)
          .sum("value")
          .print(),
    ),
  },
  {
    code: "STATE_TYPE_CONFLICT",
    about: "one name of state with two types",
    provoke: executing(
      (env) =>
        void env
          .fromCollection(READINGS)
          .keyBy((r) => r.room)
          .map(new TwoTypes())
          .print(),
    ),
  },
  {
    code: "STATE_NOT_AVAILABLE",
    about: "keyed state without keys",
    provoke: executing((env) => void env.fromCollection(READINGS).map(new WithState()).print()),
  },
  {
    code: "STATE_NOT_AVAILABLE",
    about: "keyed state in open",
    provoke: executing(
      (env) =>
        void env
          .fromCollection(READINGS)
          .keyBy((r) => r.room)
          .map(new StateInOpen())
          .print(),
    ),
  },
  {
    code: "NOT_SERIALIZABLE",
    about: "a function in a record that crosses a keyBy",
    provoke: executing(
      (env) =>
        void env
          .fromCollection(READINGS)
          .map((r) => ({ ...r, tags: [{ show: () => r.room }] }))
          .keyBy((r) => r.room)
          .reduce((a) => a)
          .setParallelism(2)
          .print(),
    ),
  },
  {
    code: "USER_FUNCTION_FAILED",
    about: "a function that throws",
    provoke: executing(
      (env) =>
        void env
          .fromCollection(READINGS)
          .assignTimestampsAndWatermarks(byTime)
          .keyBy((r) => r.room)
          .process(new Late())
          .name("faulty")
          .print(),
    ),
  },
  {
    code: "ARITHMETIC_OVERFLOW",
    about: "a sum of bigints beyond 64 bits",
    provoke: executing(
      (env) =>
        void env
          .fromElements({ k: 1, n: 2n ** 63n - 1n, at: 1 }, { k: 1, n: 1n, at: 2 })
          .assignTimestampsAndWatermarks(
            WatermarkStrategy.forGenerator<{ at: number }>(
              () => new BoundedOutOfOrdernessWatermarks(0, true),
            ).withTimestampAssigner((r: { k: number; n: bigint; at: number }) => r.at),
          )
          .keyBy((r) => r.k)
          .window(window)
          .aggregate({ total: sum("n") })
          .print(),
    ),
  },
  {
    code: "ARITHMETIC_OVERFLOW",
    about: "a counter beyond what numbers count",
    provoke: executing(
      (env) =>
        void env
          .fromElements(1, 2)
          .map(new Counting())
          .filter(() => false)
          .print(),
    ),
  },
  {
    code: "BATCH_MEMORY_EXCEEDED",
    about: "more records than BATCH may sort in memory",
    provoke: executing(
      (env) =>
        void env
          .fromSequence(1, 10_000)
          .keyBy((n) => n)
          .reduce((a) => a)
          .print(),
      { runtimeMode: "BATCH", batchSortBytesMax: 10_000 },
    ),
  },
  { code: "EMPTY_JOB", about: "a job without operators", provoke: executing(() => {}) },
  {
    code: "NO_CLIENT",
    about: "results under a name where nobody has a client",
    provoke: executing((env) => void env.fromElements(1).sinkTo(collectSink("totals"))),
  },
  {
    code: "NO_CLIENT",
    about: "pushed records where nobody has a client",
    provoke: executing((env) => void env.fromSource(new PushSource("clicks"), WatermarkStrategy.noWatermarks(), "clicks").print()),
  },
  {
    code: "NO_CLIENT",
    about: "results under a name beside a stream that is read",
    provoke: async () => {
      const env = environment();
      const numbers = env.fromElements(1);
      numbers.sinkTo(collectSink("totals"));
      return numbers.executeAndCollect().toArray();
    },
  },
  {
    code: "JOB_CANCELED",
    about: "a job that a signal ended",
    provoke: async () => {
      const env = environment();
      env
        .fromSequence(1, 1e12)
        .filter(() => false)
        .print();
      return env.execute("wrong", { signal: AbortSignal.abort(new Error("enough")) });
    },
  },
  {
    code: "SOURCE_FAILED",
    about: "a source whose enumerator throws",
    provoke: executing((env) => void env.fromSource(brokenSource, WatermarkStrategy.noWatermarks(), "bucket").print()),
  },
  {
    code: "SINK_FAILED",
    about: "a sink whose writer throws",
    provoke: executing((env) => void env.fromElements(1).sinkTo(brokenSink).name("disk")),
  },
  {
    code: "USER_FUNCTION_FAILED",
    about: "a callback sink that throws",
    provoke: executing(
      (env) =>
        void env.fromElements(1).sinkTo(
          callbackSink(() => {
            throw new Error("not now");
          }),
        ),
    ),
  },
  { code: "RESTORE_MISMATCH", about: "state restored with another type", provoke: restoring(keyed("number"), keyed("string")) },
];

/** Not a mistake that a job of the DataStream API can make; where they are tested instead. */
const ELSEWHERE: Partial<Record<ErrorCode, string>> = {
  CORRUPT_DATA: "damaged bytes of a snapshot or channel: test/data, test/checkpoint",
  MALFORMED_RECORD: "lines of files: test/node",
  CODE_UNAVAILABLE: "a part that cannot be loaded: test/runtime/job-parts.test.ts",
  KERNEL_UNAVAILABLE: "loading the kernel in a browser: test/web",
  JOB_MODULE_INVALID: "the command line: test/e2e/cli.test.ts",
  GRAPH_MISMATCH: "clusters: test/hosts/node-cluster.test.ts",
  NO_SLOTS: "clusters: test/hosts/node-cluster.test.ts",
  TASK_MANAGER_LOST: "clusters: test/hosts/node-cluster.test.ts",
  JOB_MASTER_LOST: "clusters: test/runtime/simulated-cluster.test.ts",
  PROTOCOL_MISMATCH: "clusters: test/runtime/other-versions.test.ts",
  CLUSTER_CLOSED: "clusters: test/hosts/node-cluster.test.ts",
  JOB_ENDED: "clients: test/hosts/node-cluster.test.ts",
  SOURCE_EXHAUSTED: "sources that cannot be read again: test/connectors, test/node",
  STORAGE_FAILED: "checkpoints: test/checkpoint",
  CHECKPOINT_FAILED: "checkpoints: test/checkpoint",
  LEADERSHIP_LOST: "checkpoints: test/checkpoint",
  INTERNAL: "a mistake of ours",
};

describe("what a wrong job is told", () => {
  const told: string[] = [];

  test.each(wrong)("$code: $about", async ({ code, about, provoke }) => {
    const error = await provoke().then(
      (value) => expect.unreachable(`it ran, with ${String(value)}`),
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(JobError);
    expect((error as JobError).code).toBe(code);
    told.push(`## ${about}\n\n${(error as JobError).message}\n`);
  });

  test("reads as it is kept in wrong-jobs.md", async () => {
    await expect(`${told.join("\n")}`).toMatchFileSnapshot("wrong-jobs.md");
  });

  test("has every code", () => {
    const covered = new Set<string>([...wrong.map(({ code }) => code), ...Object.keys(ELSEWHERE)]);
    expect([...covered].sort()).toEqual(Object.keys(ERROR_CODES).sort());
  });
});
