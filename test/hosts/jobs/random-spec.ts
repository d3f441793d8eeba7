import { Chance } from "../../../examples/chance.ts";
import type { AssignerSpec, ContentsSpec, StageSpec } from "../../laws/job-spec.ts";
import type { KeyForm } from "../../laws/rows.ts";
import type { TimeWindowSpec } from "../../laws/time-window-spec.ts";

/**
 * A random job as plain data. Its results are the same at any parallelism, on any host, in any order of turns. There are two ways to that:
 *
 * - `ordered`: one source in one subtask, and nothing between it and the keys but steps in that subtask. Each key comes by one channel, in
 *   order and with the same watermarks between its rows, so that stages may tell that order, and rows may be late.
 * - not: rows of a key come by many channels, in any order. No row is late, and stages compute what does not depend on order.
 */
export interface RandomSpec {
  readonly seed: number;
  readonly ordered: boolean;
  readonly keyForm: HostKeyForm;
  /** One where `ordered`, else one or two. */
  readonly sources: readonly SourceSpec[];
  /** How two sources meet: before the first stage, or in it. */
  readonly join: "union" | "map both" | "connect";
  readonly steps: readonly StepSpec[];
  /** Where two sources are connected, the totals of both. */
  readonly first: StageSpec | TotalsSpec;
  readonly between: readonly StepSpec[];
  readonly second: TotalsSpec | undefined;
  /** Windows over all that comes out at the end, in one subtask. */
  readonly last: "end of stream" | "tumbling" | undefined;
  readonly chaining: boolean;
  readonly bufferTimeoutMs: number;
}

/** Beside those of the laws: a field or an expression, which leave columns as they are. */
export const HOST_KEY_FORMS = ["string", "integer", "double", "array", "object", "field", "expression"] as const satisfies readonly (KeyForm | string)[];
export type HostKeyForm = (typeof HOST_KEY_FORMS)[number];

export const SOURCE_KINDS = ["collection", "sequence", "generator", "columns", "loaded columns"] as const;
export const WATERMARKS = ["bounded", "punctuated", "by an operator"] as const;

export interface SourceSpec {
  readonly kind: (typeof SOURCE_KINDS)[number];
  readonly watermarks: (typeof WATERMARKS)[number];
  /** Rows come out of order by so much at most, but for those that are late. */
  readonly boundMs: number;
  readonly hasLateRows: boolean;
  readonly rows: number;
}

const STATELESS = ["map", "filter", "flatMap to an iterable", "flatMap to a collector", "disableChaining", "startNewChain"] as const;
const COLUMN_STEPS = ["filter by expression", "columns by expression"] as const;
const EXCHANGES = ["rebalance", "rescale", "shuffle", "broadcast", "forward", "global", "custom"] as const;
/** What tells the watermark: only where one subtask reads, and no other. */
const ORDERED_STEPS = [...STATELESS, "process"] as const;
const FREE_STEPS = [...STATELESS, ...COLUMN_STEPS, ...EXCHANGES] as const;
export const STEPS = [...STATELESS, ...COLUMN_STEPS, ...EXCHANGES, "process"] as const;
export type StepSpec = (typeof STEPS)[number];

/** Results that are the same whatever the order in which rows come. */
export type TotalsSpec =
  | { readonly kind: "totals"; readonly assigner: TimeWindowSpec | { readonly kind: "end of stream" }; readonly contents: TotalsContents; readonly latenessMs: number }
  | { readonly kind: "buckets"; readonly sizeMs: number };
export const TOTALS_CONTENTS = ["built-in", "fold", "reduce", "list"] as const;
export type TotalsContents = (typeof TOTALS_CONTENTS)[number];

const ASSIGNERS = ["tumbling", "sliding", "session", "dynamic session", "end of stream"] as const;
const CONTENTS: readonly ContentsSpec[] = ["list", "apply", "reduce", "reduce and process", "built-in", "fold"];

export function randomSpec(seed: number, records: number): RandomSpec {
  const chance = new Chance(seed);
  const ordered = chance.oneIn(2);
  const join = chance.pick(["union", "map both", "connect"] as const);
  const count = ordered ? 1 : 1 + chance.below(2);
  const hasLateRows = ordered && !chance.oneIn(3);
  const sources = Array.from({ length: count }, () => sourceOf(chance, ordered, hasLateRows, Math.ceil(records / count)));
  const first = firstOf(chance, ordered, count === 2 && join === "connect");
  // What comes of late rows may be late again, in whatever order it comes then.
  const second = keepsTime(first) && !hasLateRows && chance.oneIn(2) ? totalsOf(chance, "even or odd") : undefined;
  const allKeepTime = keepsTime(first) && !hasLateRows && (second === undefined || keepsTime(second));
  return {
    seed,
    ordered,
    keyForm: chance.pick(HOST_KEY_FORMS),
    sources,
    join,
    steps: ordered ? someOf(chance, ORDERED_STEPS, 2) : someOf(chance, FREE_STEPS, 3),
    first,
    between: someOf(chance, FREE_STEPS, 2),
    second,
    last: chance.pick([undefined, "end of stream", allKeepTime ? "tumbling" : undefined]),
    chaining: !chance.oneIn(4),
    bufferTimeoutMs: chance.oneIn(6) ? 0 : 10,
  };
}

/** What the job is made of, by name: for the coverage of many. */
export function featuresOf(spec: RandomSpec): readonly string[] {
  const { sources, keyForm, first, second, steps, between, join, last, ordered } = spec;
  const both = sources.length === 2 ? [`join: ${join}`] : [];
  return [
    ...sources.flatMap(({ kind, watermarks, hasLateRows }) => [`source: ${kind}`, `watermarks: ${watermarks}`, hasLateRows ? "late rows" : "no late rows"]),
    ...[...steps, ...between].map((step) => `step: ${step}`),
    `key: ${keyForm}`,
    ...[first, ...(second === undefined ? [] : [second])].flatMap(featuresOfStage),
    ...(second === undefined ? [] : [`second after ${ordered ? "ordered" : "free"}`]),
    ...(last === undefined ? [] : [`all: ${last}`]),
    ...both,
  ];
}

export const FEATURES: readonly string[] = [
  ...SOURCE_KINDS.map((kind) => `source: ${kind}`),
  ...WATERMARKS.map((kind) => `watermarks: ${kind}`),
  ...STEPS.map((step) => `step: ${step}`),
  ...HOST_KEY_FORMS.map((form) => `key: ${form}`),
  ...ASSIGNERS.map((kind) => `window: ${kind}`),
  ...CONTENTS.map((contents) => `contents: ${contents}`),
  ...["tumbling", "sliding", "session", "end of stream"].map((kind) => `totals: ${kind}`),
  ...TOTALS_CONTENTS.map((contents) => `contents of totals: ${contents}`),
  ...["reduce", "sum", "process", "count", "buckets"].map((kind) => `stage: ${kind}`),
  ...["union", "map both", "connect"].map((join) => `join: ${join}`),
  ...["end of stream", "tumbling"].map((last) => `all: ${last}`),
  "late rows",
  "no late rows",
  "side output of late rows",
  "state of windows",
  "second after ordered",
  "second after free",
];

function featuresOfStage(stage: StageSpec | TotalsSpec): readonly string[] {
  switch (stage.kind) {
    case "totals":
      return [`totals: ${stage.assigner.kind}`, `contents of totals: ${stage.contents}`];
    case "window": {
      const { assigner, contents, sideOutput, remembers } = stage;
      return [`window: ${assigner.kind}`, `contents: ${contents}`, ...(sideOutput ? ["side output of late rows"] : []), ...(remembers ? ["state of windows"] : [])];
    }
    case "count":
      return ["stage: count", `contents: ${stage.contents}`];
    default:
      return [`stage: ${stage.kind}`];
  }
}

/** Whether the results have timestamps that stand for event time. */
function keepsTime(stage: StageSpec | TotalsSpec): boolean {
  return stage.kind !== "count" && !("assigner" in stage && stage.assigner.kind === "end of stream");
}

/** Columns are dealt out in batches of 4,096 rows: there must be more for several subtasks to read them. */
const ROWS_OF_SEVERAL_BATCHES = 5_000;

function sourceOf(chance: Chance, ordered: boolean, hasLateRows: boolean, rowsMin: number): SourceSpec {
  const kind = chance.pick(SOURCE_KINDS);
  const rows = kind === "loaded columns" && !ordered ? Math.max(rowsMin, ROWS_OF_SEVERAL_BATCHES) : rowsMin;
  return { kind, watermarks: chance.pick(WATERMARKS), boundMs: chance.pick([0, 10, 30]), hasLateRows, rows };
}

function firstOf(chance: Chance, ordered: boolean, isConnected: boolean): StageSpec | TotalsSpec {
  if (isConnected) return { kind: "buckets", sizeMs: chance.pick([20, 300]) };
  return ordered ? orderedStageOf(chance) : totalsOf(chance, "even");
}

function orderedStageOf(chance: Chance): StageSpec {
  const kind = chance.pick(["reduce", "sum", "process", "count", "window", "window", "window", "window", "window"] as const);
  const contents = chance.pick(CONTENTS);
  switch (kind) {
    case "reduce":
    case "sum":
      return { kind };
    case "process":
      return { kind, clock: false };
    case "count":
      return { kind, size: 1 + chance.below(4), slide: chance.pick([undefined, 1, 2, 5]), contents };
    case "window":
      return { kind, assigner: assignerOf(chance), contents, latenessMs: chance.pick([0, 10, 40]), sideOutput: chance.oneIn(2), remembers: chance.oneIn(2) };
  }
}

function assignerOf(chance: Chance): AssignerSpec {
  switch (chance.pick(ASSIGNERS)) {
    case "tumbling":
      return { kind: "tumbling", sizeMs: chance.pick([10, 25, 60]), offsetMs: chance.pick([0, 3, -4]) };
    case "sliding":
      return { kind: "sliding", sizeMs: chance.pick([10, 30, 60]), slideMs: chance.pick([10, 20, 45]), offsetMs: chance.pick([0, 7]) };
    case "session":
      return { kind: "session", gapMs: chance.pick([5, 20, 60]) };
    case "dynamic session":
      return { kind: "dynamic session", gapMs: chance.pick([3, 15]) };
    case "end of stream":
      return { kind: "end of stream" };
  }
}

/**
 * A session takes in a row at its very end while it is still there, and the next one begins with that row where it has fired already. Which
 * of the two depends on the order of channels; so sessions have odd gaps here, and come where all times are even.
 */
function totalsOf(chance: Chance, times: "even" | "even or odd"): TotalsSpec {
  if (chance.oneIn(4)) return { kind: "buckets", sizeMs: chance.pick([20, 300]) };
  const contents = chance.pick(TOTALS_CONTENTS);
  const latenessMs = chance.pick([0, 0, 40]);
  const kinds = ["tumbling", "sliding", "end of stream"] as const;
  switch (chance.pick(times === "even" ? ([...kinds, "session"] as const) : kinds)) {
    case "tumbling":
      return { kind: "totals", assigner: { kind: "tumbling", sizeMs: chance.pick([20, 100, 1_000]), offsetMs: chance.pick([0, 7]) }, contents, latenessMs };
    case "sliding":
      // No gaps between windows: results of an earlier stage may all lie in them.
      return { kind: "totals", assigner: { kind: "sliding", ...chance.pick([{ sizeMs: 60, slideMs: 40 }, { sizeMs: 300, slideMs: 100 }]), offsetMs: chance.pick([0, 7]) }, contents, latenessMs };
    case "session":
      return { kind: "totals", assigner: { kind: "session", gapMs: chance.pick([21, 101]) }, contents, latenessMs };
    case "end of stream":
      return { kind: "totals", assigner: { kind: "end of stream" }, contents, latenessMs };
  }
}

function someOf<T>(chance: Chance, choices: readonly T[], countMax: number): readonly T[] {
  return Array.from({ length: chance.below(countMax + 1) }, () => chance.pick(choices));
}
