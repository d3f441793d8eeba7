import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchLayout, ColumnBatch } from "../../core/data/column-batch.ts";
import { type Column, f64Column, i32Column, i64Column, objectColumn, stringColumn } from "../../core/data/column.ts";
import { StringInterner } from "../../core/data/dictionary.ts";
import { columnKeySelector } from "../../core/data/key-column.ts";
import { types } from "../../core/data/type.ts";
import { OutputTag } from "../../core/functions/output-tag.ts";
import type { KernelModule } from "../../core/host/kernel-module.ts";
import { milliseconds } from "../../core/lib/duration.ts";
import { Prng } from "../../core/lib/prng.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import type { WindowEmit } from "../../core/operators/window-emitter.ts";
import { windowFactory } from "../../core/operators/window-factory.ts";
import type { PanesKind } from "../../core/operators/window-parts.ts";
import { type HarnessOutput, OperatorHarness } from "../../core/testing/operator-harness.ts";
import type { Slots } from "../../core/windows/aggregate-slots.ts";
import { avg, count, first, last, max, min, stddevSamp, sum } from "../../core/windows/aggregates.ts";
import { builtInAggregates } from "../../core/windows/built-in-aggregates.ts";
import { aggregatePane, type WindowContents } from "../../core/windows/pane-functions.ts";
import { SlidingEventTimeWindows } from "../../core/windows/sliding-windows.ts";
import type { TimeWindow } from "../../core/windows/time-window.ts";
import { TumblingEventTimeWindows } from "../../core/windows/tumbling-windows.ts";
import type { WindowAssigner } from "../../core/windows/window-assigner.ts";
import { loadKernelModule } from "../../node/kernel-module.ts";
import { InterruptedOperator } from "./interrupted-operator.ts";
import { checkLaw } from "../laws/law.ts";

const wasm = await loadKernelModule();
const LATE = new OutputTag<Row>("late");

interface Row {
  readonly key: unknown;
  readonly value: number;
  readonly big: bigint;
  readonly id: number;
}

const AGGREGATES = {
  "counts, sums and extremes": () =>
    aggregatePane(builtInAggregates<Row, Record<string, never>>({ n: count(), total: sum("value"), low: min("value"), high: max("value") } as never)),
  "means, spreads and ends": () =>
    aggregatePane(builtInAggregates<Row, Record<string, never>>({ mean: avg("value"), spread: stddevSamp("value"), from: first("id"), to: last("id") } as never)),
  "sums of integers": () => aggregatePane(builtInAggregates<Row, Record<string, never>>({ n: count(), total: sum("big"), mean: avg("big") } as never)),
} as const;

const ASSIGNERS = {
  "tumbling 10": () => TumblingEventTimeWindows.of(milliseconds(10)),
  "tumbling 7, offset 3": () => TumblingEventTimeWindows.of(milliseconds(7), milliseconds(3)),
  "sliding 12/4": () => SlidingEventTimeWindows.of(milliseconds(12), milliseconds(4)),
  "sliding 9/6, offset 1": () => SlidingEventTimeWindows.of(milliseconds(9), milliseconds(6), milliseconds(1)),
  "sliding 4/10, with gaps": () => SlidingEventTimeWindows.of(milliseconds(4), milliseconds(10)),
} as const;

type Keys = "integers" | "strings" | "mixed" | "large numbers";
type Element = { readonly kind: "row"; readonly key: number; readonly time: number; readonly value: number } | { readonly kind: "watermark"; readonly time: number };

interface Case {
  readonly assigner: keyof typeof ASSIGNERS;
  readonly aggregates: keyof typeof AGGREGATES;
  readonly keys: Keys;
  readonly latenessMs: number;
  readonly hasLateOutput: boolean;
  readonly emits: "values" | "process";
  readonly elements: readonly Element[];
  readonly seed: number;
}

/** Times go up on the whole, with disorder, so that some records are late. */
const elements: fc.Arbitrary<readonly Element[]> = fc
  .array(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          kind: fc.constant("row" as const),
          key: fc.integer({ min: 0, max: 6 }),
          time: fc.integer({ min: -14, max: 9 }),
          value: fc.oneof(fc.integer({ min: -9, max: 99 }), fc.constantFrom(-0, 0.1, NaN, Infinity, -Infinity, 1e300, 5e-324)),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("watermark" as const), time: fc.integer({ min: -9, max: 2 }) }) },
    ),
    { maxLength: 80, size: "max" },
  )
  .map((given) => given.map((element, index) => ({ ...element, time: element.time + Math.floor(index * 1.3) })));

const cases: fc.Arbitrary<Case> = fc.record({
  assigner: fc.constantFrom(...(Object.keys(ASSIGNERS) as (keyof typeof ASSIGNERS)[])),
  aggregates: fc.constantFrom(...(Object.keys(AGGREGATES) as (keyof typeof AGGREGATES)[])),
  keys: fc.constantFrom<Keys>("integers", "strings", "mixed", "large numbers"),
  latenessMs: fc.constantFrom(0, 0, 3, 12),
  hasLateOutput: fc.boolean(),
  emits: fc.constantFrom("values" as const, "values" as const, "process" as const),
  elements,
  seed: fc.nat(),
});

function keyOf(keys: Keys, key: number): unknown {
  if (keys === "integers") return key - 3;
  if (keys === "strings") return `k${key}`;
  if (keys === "large numbers") return key * 2 ** 33 + 0.5;
  return [1, "a", 0.5, true, -2, "b", -0][key];
}

/** Extreme floats would become bigints of no use. */
function bigOf(value: number): bigint {
  return Number.isInteger(value) && Math.abs(value) < 1000 ? BigInt(value) : 7n;
}

function factoryOf(given: Case, panes: PanesKind): OperatorFactory {
  const process: WindowEmit<unknown, object, unknown> = {
    kind: "process",
    fn: {
      process: (key, context, [result], out) => {
        const { start, end } = context.window() as TimeWindow;
        out.collect({ ...result, key, start, end, again: context.isRefiring() });
      },
    },
  };
  return windowFactory<Row, unknown, Slots, object, unknown>({
    keyOf: columnKeySelector<Row>("key", (row) => row.key),
    assigner: ASSIGNERS[given.assigner]() as WindowAssigner<Row, TimeWindow>,
    contents: AGGREGATES[given.aggregates]() as unknown as WindowContents<Row, Slots, object>,
    contentsType: types.dynamic as never,
    emit: given.emits === "values" ? { kind: "values" } : process,
    allowedLatenessMs: given.latenessMs,
    lateTag: given.hasLateOutput ? LATE : undefined,
    panes,
  });
}

interface Played {
  readonly outputs: readonly string[];
  readonly counters: readonly number[];
  /** Of where nothing was restored. */
  readonly state: string | undefined;
}

interface PlayOptions {
  readonly panes: () => PanesKind;
  readonly kernel: () => KernelModule | undefined;
  readonly takesColumns: boolean;
  readonly continueBudget: number;
  /** Batches of up to so many records; undefined gives rows. */
  readonly batchRowsMax: number | undefined;
  restores(): boolean;
}

const straight: PlayOptions = {
  panes: () => "memory",
  kernel: () => undefined,
  takesColumns: false,
  continueBudget: Infinity,
  batchRowsMax: undefined,
  restores: () => false,
};

function play(given: Case, options: PlayOptions, prng: Prng): Played {
  const { continueBudget, takesColumns } = options;
  let panes: PanesKind = "memory";
  const operator = new InterruptedOperator({
    factory: () => factoryOf(given, (panes = options.panes())),
    options: () => ({ continueBudget, takesColumns, sideOutputs: [LATE], kernel: options.kernel() }),
    restores: () => options.restores(),
    show,
  });
  if (options.batchRowsMax === undefined) {
    given.elements.forEach((element, id) => {
      operator.give((harness) => (element.kind === "watermark" ? harness.watermark(element.time) : harness.element(rowOf(given, element, id), element.time)));
    });
  } else {
    for (const batch of batchesOf(given, options.batchRowsMax, prng)) {
      // Whoever has a batch for an operator of rows gives it one by one, and waits where the operator is suspended.
      if (panes === "memory") operator.give((harness) => harness.columns(batch));
      else {
        batch.forEach(
          (row) => operator.give((harness) => harness.element(batch.rowAt(row), batch.timestamps[row])),
          (watermark) => operator.give((harness) => harness.watermark(watermark)),
        );
      }
    }
  }
  const state = operator.restores === 0 ? stateOf(operator.harness) : undefined;
  operator.give((harness) => harness.watermark(Infinity));
  operator.finish();
  return { outputs: operator.outputs, counters: [...operator.counters, operator.harness.metrics.currentWatermark], state };
}

/** By a checkpoint before all others, which may follow. */
function stateOf(harness: OperatorHarness): string {
  const { operator, parts } = harness.snapshot(0);
  return JSON.stringify([[...operator.operator], [...parts].map(([name, part]) => [name, [...part]])]);
}

function rowOf(given: Case, { key, value }: Extract<Element, { readonly kind: "row" }>, id: number): Row {
  return { key: keyOf(given.keys, key), value, big: bigOf(value), id };
}

const LAYOUT = new BatchLayout(["key", "value", "big", "id"]);

/** The same elements as batches: cut anywhere, with rows between them that are not selected, and only watermarks that rise. */
function batchesOf(given: Case, rowsMax: number, prng: Prng): ColumnBatch[] {
  const interner = new StringInterner();
  const batches: ColumnBatch[] = [];
  let rows: Row[] = [];
  let timestamps: number[] = [];
  let selection: number[] = [];
  let marks: { row: number; watermark: number }[] = [];
  let left = 0;
  let risen = -Infinity;
  const selects = prng.int(2) === 0;
  const finish = (): void => {
    batches.push(
      new ColumnBatch({
        layout: LAYOUT,
        rowCount: rows.length,
        columns: [keyColumn(given.keys, rows, interner), f64Column(Float64Array.from(rows, ({ value }) => value), undefined, null), i64Column(BigInt64Array.from(rows, ({ big }) => big), undefined, null), i32Column(Int32Array.from(rows, ({ id }) => id), undefined, null)],
        timestamps: Float64Array.from(timestamps),
        watermarks: { rows: marks.map(({ row }) => row), watermarks: marks.map(({ watermark }) => watermark) },
        selection: selects ? Int32Array.from(selection) : undefined,
      }),
    );
    [rows, timestamps, selection, marks] = [[], [], [], []];
    left = prng.int(rowsMax + 1);
  };
  given.elements.forEach((element, id) => {
    if (left === 0) finish();
    left = Math.max(0, left - 1);
    if (element.kind === "watermark") {
      if (risen < element.time) marks.push({ row: rows.length, watermark: (risen = element.time) });
      return;
    }
    for (let junk = selects ? prng.int(3) : 0; 0 < junk; junk -= 1) {
      rows.push({ key: keyOf(given.keys, 0), value: 1e9, big: 999n, id: -1 });
      timestamps.push(prng.int(1000) - 500);
    }
    selection.push(rows.length);
    rows.push(rowOf(given, element, id));
    timestamps.push(element.time);
  });
  finish();
  return batches;
}

function keyColumn(keys: Keys, rows: readonly Row[], interner: StringInterner): Column {
  const values = rows.map(({ key }) => key);
  if (keys === "integers") return i32Column(Int32Array.from(values as number[]), undefined, null);
  if (keys === "large numbers") return f64Column(Float64Array.from(values as number[]), undefined, null);
  if (keys === "mixed") return objectColumn(values);
  const codes = Int32Array.from(values, (value) => interner.idOf(value as string));
  return stringColumn(codes, interner.dictionary, undefined, null);
}

function show(output: HarnessOutput): string {
  if (output.kind !== "record") return output.kind === "watermark" ? `watermark ${output.watermark}` : "idleness";
  const fields = Object.entries(output.value as object).map(([name, value]) => `${name}=${Object.is(value, -0) ? "-0" : String(value)}${typeof value === "bigint" ? "n" : ""}`);
  return `${output.sideOutput ?? ""}|${fields.join(",")}@${output.timestamp}`;
}

describe("columns mean their rows", () => {
  test.each(["JavaScript", "WebAssembly"] as const)("results, counters and state, %s kernel", (name) => {
    const kernel = (): KernelModule | undefined => (name === "WebAssembly" ? wasm : undefined);
    checkLaw(`agreement of columns and rows, ${name}`, cases, 100, (given) => {
      const prng = new Prng(given.seed);
      const meaning = play(given, { ...straight, panes: () => "keyed" }, prng);
      const rows = play(given, { ...straight, kernel }, prng);
      expect(rows.outputs).toEqual(meaning.outputs);
      expect(rows.counters).toEqual(meaning.counters);
      for (const takesColumns of [false, true]) {
        const columns = play(given, { ...straight, kernel, takesColumns, batchRowsMax: 1 + prng.int(60) }, prng);
        expect(columns.outputs).toEqual(rows.outputs);
        expect(columns.counters).toEqual(rows.counters);
        expect(columns.state).toEqual(rows.state);
      }
    });
  });

  test("stopping anywhere, and snapshot, discard, restore on any panes, in the middle of a batch too", () => {
    checkLaw("checkpoint transparency of columns", cases, 100, (given) => {
      const prng = new Prng(given.seed);
      const expected = play(given, straight, prng);
      const kernel = (): KernelModule | undefined => prng.pick([undefined, wasm]);
      const batchRowsMax = 1 + prng.int(60);
      const common = { kernel, takesColumns: prng.int(2) === 0, continueBudget: 1 + prng.int(4), batchRowsMax };
      const stopping = play(given, { ...straight, ...common }, prng);
      expect(stopping.outputs).toEqual(expected.outputs);
      expect(stopping.counters).toEqual(expected.counters);
      expect(stopping.state).toEqual(expected.state);
      const oneIn = 1 + prng.int(4);
      const panes = (): PanesKind => prng.pick(["memory", "heap", "keyed"]);
      const restored = play(given, { ...straight, ...common, panes, restores: () => prng.int(oneIn) === 0 }, prng);
      expect(restored.outputs).toEqual(expected.outputs);
      expect(restored.counters).toEqual(expected.counters);
    });
  });
});

describe("what columns cannot hold", () => {
  const given: Case = { assigner: "tumbling 10", aggregates: "sums of integers", keys: "mixed", latenessMs: 0, hasLateOutput: false, emits: "values", elements: [], seed: 0 };
  const batchOf = (records: readonly (readonly [key: unknown, value: unknown, timestamp: number])[]): ColumnBatch =>
    new ColumnBatch({
      layout: new BatchLayout(["key", "value", "big"]),
      rowCount: records.length,
      columns: [
        objectColumn(records.map(([key]) => key)),
        records.some(([, value]) => typeof value === "string") ? objectColumn(records.map(([, value]) => value)) : f64Column(Float64Array.from(records, ([, value]) => Number(value)), undefined, null),
        i64Column(BigInt64Array.from(records, ([, value]) => (typeof value === "bigint" ? value : 1n)), undefined, null),
      ],
      timestamps: Float64Array.from(records, ([, , timestamp]) => timestamp),
      watermarks: { rows: [], watermarks: [] },
      selection: undefined,
    });
  const fails = (give: (harness: OperatorHarness) => void): string => {
    const harness = new OperatorHarness(factoryOf(given, "memory"));
    harness.open();
    try {
      give(harness);
    } catch (error) {
      return String(error);
    }
    throw new Error("nothing failed");
  };

  test.each([
    ["an overflow", [["a", 2n ** 62n, 1], ["b", 1n, 2], ["a", 2n ** 62n, 3]]],
    ["a key that is none", [["a", 1n, 1], [undefined, 1n, 2]]],
    ["a record without timestamp", [["a", 1n, 1], ["b", 1n, -Infinity]]],
  ] as const)("%s is the error of its record", (_name, records) => {
    const batch = batchOf(records);
    const byRows = fails((harness) => records.forEach((_record, row) => harness.element(batch.rowAt(row), batch.timestamps[row])));
    expect(fails((harness) => harness.columns(batch))).toBe(byRows);
  });

  test("numbers that become strings go on in tables", () => {
    const extremes: Case = { ...given, aggregates: "counts, sums and extremes" };
    const contents = aggregatePane(builtInAggregates<Row, Record<string, never>>({ low: min("value") } as never));
    const harness = new OperatorHarness({ ...factoryOf(extremes, "memory"), create: (context) => windowFactory({
      keyOf: columnKeySelector<Row>("key", (row) => row.key),
      assigner: TumblingEventTimeWindows.of(milliseconds(10)),
      contents: contents as never,
      contentsType: types.dynamic as never,
      emit: { kind: "values" },
      allowedLatenessMs: 0,
      lateTag: undefined,
    }).create(context) }, { takesColumns: true });
    harness.open();
    harness.columns(batchOf([["a", 5, 1], ["b", 7, 2], ["a", 3, 3]]));
    harness.columns(batchOf([["a", "x", 11], ["a", "w", 12]]));
    harness.columns(batchOf([["b", 6, 4], ["c", 1, 21]]));
    harness.watermark(Infinity);
    expect(harness.takeOutput().map(show)).toEqual(["|low=6@9", "|low=3@9", "|low=w@19", "|low=1@29", "watermark Infinity"]);
  });
});
