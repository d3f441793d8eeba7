import * as fc from "fast-check";
import { KEY_COUNT, KEY_FORMS, type KeyForm } from "./rows.ts";
import type { TimeWindowSpec } from "./time-window-spec.ts";

/** A random job as plain data: `buildJob` makes the graph of it, the models say what must come out. fast-check shrinks it, and prints it. */
export interface JobSpec {
  /** Of the scheduler, and of where checkpoints and crashes come. */
  readonly seed: number;
  readonly execution: ExecutionSpec;
  readonly keyForm: KeyForm;
  /** One or two; two are joined as `join` says. */
  readonly sources: readonly SourceSpec[];
  readonly join: "union" | "connect";
  readonly first: StageSpec;
  /** Steps between the stages. */
  readonly between: readonly StepSpec[];
  readonly second: StageSpec | undefined;
  readonly faults: FaultSpec;
}

export interface ExecutionSpec {
  readonly parallelism: number;
  readonly credits: number;
  readonly turnRecords: number;
  readonly firePanesPerTurn: number;
  readonly bufferTimeoutMs: number;
  readonly chaining: boolean;
  /** A sink that takes a row per so many ms of the virtual clock; 0 takes all. */
  readonly sinkDelayMs: number;
  readonly freeze: boolean;
}

export interface SourceSpec {
  readonly kind: "collection" | "sequence" | "generator" | "splits";
  readonly watermarks: "bounded" | "punctuated" | "bounded by an operator";
  /** Out-of-orderness that the watermark allows, ms. */
  readonly boundMs: number;
  /** Whether one subtask reads it whatever the parallelism; not where the first step keeps the parallelism. */
  readonly alone: boolean;
  /** Undefined: never idle. */
  readonly idleAfterMs: number | undefined;
  readonly rows: readonly RowSpec[];
  readonly steps: readonly StepSpec[];
}

export interface RowSpec {
  readonly key: number;
  /** Event time since the row before, ms; may be negative. */
  readonly stepMs: number;
  /** How much earlier than that it is: what makes rows late. */
  readonly backMs: number;
  readonly value: number;
  /** `splits`: the pause of the virtual clock before it, ms. */
  readonly pauseMs: number;
}

export const STEPS = [
  "map",
  "filter",
  "flatMap to an iterable",
  "flatMap to a collector",
  "process",
  "rebalance",
  "rescale",
  "shuffle",
  "broadcast",
  "forward",
  "global",
  "custom",
  "disableChaining",
  "startNewChain",
] as const;
export type StepSpec = (typeof STEPS)[number];

export type StageSpec =
  | { readonly kind: "reduce" | "sum" }
  | { readonly kind: "process"; readonly clock: boolean }
  | { readonly kind: "count"; readonly size: number; readonly slide: number | undefined; readonly contents: ContentsSpec }
  | WindowSpec;

export interface WindowSpec {
  readonly kind: "window";
  readonly assigner: AssignerSpec;
  readonly contents: ContentsSpec;
  readonly latenessMs: number;
  /** Whether rows that are too late go to a side output. */
  readonly sideOutput: boolean;
  /** Whether the window function keeps state of its key and of its window. */
  readonly remembers: boolean;
}

export type AssignerSpec =
  | TimeWindowSpec
  | { readonly kind: "dynamic session"; readonly gapMs: number }
  | { readonly kind: "end of stream" }
  | { readonly kind: "clock"; readonly sizeMs: number };

/** `fold` is an AggregateFunction of the user that is sliceable; `built-in` the aggregates by name. */
export const CONTENTS = ["list", "apply", "reduce", "reduce and process", "built-in", "fold"] as const;
export type ContentsSpec = (typeof CONTENTS)[number];

export interface FaultSpec {
  /** Steps of the scheduler from the end of one checkpoint to the next; 0 takes none. */
  readonly checkpointEvery: number;
  /** Steps after which a checkpoint that is under way is given up. */
  readonly patience: number;
  readonly crashes: number;
  /** Whether the job is written anew after a crash, as in another process, or the same functions go on. */
  readonly rewrites: boolean;
  /** The parallelism after each crash, one after the other; without any it stays what it was. */
  readonly parallelisms: readonly number[];
}

export const executions: fc.Arbitrary<ExecutionSpec> = fc.record({
  parallelism: fc.integer({ min: 1, max: 3 }),
  credits: fc.integer({ min: 1, max: 3 }),
  turnRecords: fc.integer({ min: 1, max: 9 }),
  firePanesPerTurn: fc.integer({ min: 1, max: 6 }),
  bufferTimeoutMs: fc.constantFrom(0, 10),
  chaining: fc.boolean(),
  sinkDelayMs: fc.constantFrom(0, 0, 1, 7),
  freeze: fc.boolean(),
});

const rowSpecs: fc.Arbitrary<RowSpec> = fc.record({
  key: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 2 }) }, { weight: 2, arbitrary: fc.integer({ min: 0, max: KEY_COUNT - 1 }) }),
  stepMs: fc.integer({ min: -2, max: 12 }),
  backMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 90 }) }),
  value: fc.integer({ min: 0, max: 60 }),
  pauseMs: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }) }),
});

export const sources: fc.Arbitrary<SourceSpec> = fc.record({
  kind: fc.constantFrom("collection", "sequence", "generator", "splits", "splits"),
  watermarks: fc.constantFrom("bounded", "bounded", "punctuated", "bounded by an operator"),
  boundMs: fc.constantFrom(0, 0, 10, 30),
  alone: fc.boolean(),
  idleAfterMs: fc.constantFrom(undefined, 4, 15),
  rows: fc.array(rowSpecs, { minLength: 0, maxLength: 60, size: "max" }),
  steps: fc.array(fc.constantFrom(...STEPS), { maxLength: 3 }),
});

const assigners: fc.Arbitrary<AssignerSpec> = fc.oneof(
  fc.record({ kind: fc.constant("tumbling" as const), sizeMs: fc.constantFrom(1, 10, 25, 60), offsetMs: fc.constantFrom(0, 3, -4) }).map((spec) =>
    spec.sizeMs <= Math.abs(spec.offsetMs) ? { ...spec, offsetMs: 0 } : spec,
  ),
  fc.record({
    kind: fc.constant("sliding" as const),
    sizeMs: fc.constantFrom(10, 30, 60),
    slideMs: fc.constantFrom(10, 20, 45),
    offsetMs: fc.constantFrom(0, 7),
  }),
  fc.record({ kind: fc.constant("session" as const), gapMs: fc.constantFrom(5, 20, 60) }),
  fc.record({ kind: fc.constant("dynamic session" as const), gapMs: fc.constantFrom(3, 15) }),
  fc.constant({ kind: "end of stream" as const }),
  fc.record({ kind: fc.constant("clock" as const), sizeMs: fc.constantFrom(3, 20) }),
);

export const windows: fc.Arbitrary<WindowSpec> = fc.record({
  kind: fc.constant("window" as const),
  assigner: assigners,
  contents: fc.constantFrom(...CONTENTS),
  latenessMs: fc.constantFrom(0, 10, 40),
  sideOutput: fc.boolean(),
  remembers: fc.boolean(),
});

export const stages: fc.Arbitrary<StageSpec> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("reduce" as const, "sum" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("process" as const), clock: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("count" as const),
      size: fc.integer({ min: 1, max: 4 }),
      slide: fc.constantFrom(undefined, 1, 2, 5),
      contents: fc.constantFrom(...CONTENTS),
    }),
  },
  { weight: 6, arbitrary: windows },
);

export const faults: fc.Arbitrary<FaultSpec> = fc.record({
  checkpointEvery: fc.integer({ min: 5, max: 120 }),
  patience: fc.constantFrom(10, 60, 300, 100_000),
  crashes: fc.integer({ min: 0, max: 4 }),
  rewrites: fc.boolean(),
  parallelisms: fc.constant([]),
});

export const jobs: fc.Arbitrary<JobSpec> = fc.record({
  seed: fc.nat(),
  execution: executions,
  keyForm: fc.constantFrom(...KEY_FORMS),
  sources: fc.array(sources, { minLength: 1, maxLength: 2 }),
  join: fc.constantFrom("union" as const, "connect" as const),
  first: stages,
  between: fc.array(fc.constantFrom(...STEPS), { maxLength: 2 }),
  second: fc.option(stages, { nil: undefined }),
  faults,
});

/** At another parallelism after each crash. Not with copies for every subtask, whose number would change. */
export function rescaledJobs(given: fc.Arbitrary<JobSpec>): fc.Arbitrary<JobSpec> {
  const parallelisms = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
  return fc.tuple(given, parallelisms, fc.integer({ min: 1, max: 4 })).map(([spec, others, crashes]) => {
    const withoutCopies = (steps: readonly StepSpec[]): readonly StepSpec[] => steps.filter((step) => step !== "broadcast");
    const sources = spec.sources.map((source) => ({ ...source, steps: withoutCopies(source.steps) }));
    return { ...spec, sources, between: withoutCopies(spec.between), faults: { ...spec.faults, crashes, parallelisms: others } };
  });
}
