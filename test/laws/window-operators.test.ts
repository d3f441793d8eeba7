import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import { types, type Type } from "../../core/data/type.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import type { WindowEmit } from "../../core/operators/window-emitter.ts";
import { windowFactory } from "../../core/operators/window-factory.ts";
import type { PanesKind } from "../../core/operators/window-parts.ts";
import type { HarnessOutput } from "../../core/testing/operator-harness.ts";
import { aggregatePane, listPane, reducePane, type WindowContents } from "../../core/windows/pane-functions.ts";
import { InterruptedOperator } from "../operators/interrupted-operator.ts";
import { KEY_FORMS, keyOfRow, type KeyForm, type Row } from "./rows.ts";
import { windows, type WindowSpec } from "./job-spec.ts";
import { checkLaw } from "./law.ts";
import type { Emit } from "./models.ts";
import { FOLD, LATE, reduceRows, SIDE, WindowTeller } from "./stage-functions.ts";
import { assignerOf, isSession, tellerOfRows } from "./stage-streams.ts";
import { windowing } from "./window-model.ts";

/** A window operator by itself, and what it is fed: rows, and watermarks anywhere between them. */
interface OperatorCase {
  readonly spec: WindowSpec;
  readonly form: KeyForm;
  readonly elements: readonly Element[];
  /** Where it stops, where it is restored, and on which panes it goes on. */
  readonly seed: number;
}

type Element = { readonly kind: "row"; readonly key: number; readonly time: number; readonly value: number } | { readonly kind: "watermark"; readonly time: number };

const elements: fc.Arbitrary<readonly Element[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("row" as const), key: fc.integer({ min: 0, max: 6 }), time: fc.integer({ min: -20, max: 200 }), value: fc.integer({ min: 0, max: 20 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("watermark" as const), time: fc.integer({ min: -20, max: 200 }) }) },
  ),
  { maxLength: 50, size: "max" },
);

const cases: fc.Arbitrary<OperatorCase> = fc.record({
  spec: windows.filter(({ assigner, contents }) => assigner.kind !== "clock" && (contents === "list" || contents === "reduce" || contents === "fold")),
  form: fc.constantFrom(...KEY_FORMS),
  elements,
  seed: fc.nat(),
});

function factoryOf({ spec, form }: OperatorCase, panes: PanesKind): OperatorFactory {
  const { assigner, latenessMs, sideOutput } = spec;
  const remembers = spec.remembers && !isSession(assigner);
  const common = { keyOf: keyOfRow(form), assigner: assignerOf(assigner), allowedLatenessMs: latenessMs, lateTag: sideOutput ? LATE : undefined, panes };
  const make = <Contents, V>(contents: WindowContents<Row, Contents, V>, emit: WindowEmit<unknown, V, Row>): OperatorFactory =>
    windowFactory<Row, unknown, Contents, V, Row>({ ...common, contents, contentsType: types.dynamic as Type<unknown> as Type<Contents>, emit });
  switch (spec.contents) {
    case "list":
      return make(listPane<Row>(), { kind: "process", fn: tellerOfRows(remembers) });
    case "reduce":
      return make(reducePane<Row>({ reduce: reduceRows }), { kind: "values" } as WindowEmit<unknown, Row, Row>);
    default:
      return make(aggregatePane(FOLD), {
        kind: "process",
        fn: new WindowTeller<Row>(remembers, ([row]) => ({ key: row!.key, value: row!.value, text: row!.note })),
      });
  }
}

interface Played {
  readonly outputs: readonly string[];
  readonly counters: readonly number[];
  /** Where nothing was restored: a delta may say of a key group that nothing is in it any more. */
  readonly isEmpty: boolean | undefined;
}

interface PlayOptions {
  readonly panes: (restores: number) => PanesKind;
  readonly continueBudget: number;
  /** Whether it is snapshot, discarded and restored at this point. */
  restores(): boolean;
}

/** Feeds the operator everything, then the final watermark. */
function play(given: OperatorCase, { panes, continueBudget, restores }: PlayOptions): Played {
  const options = { continueBudget, sideOutputs: [LATE, SIDE] };
  const operator = new InterruptedOperator({ factory: (count) => factoryOf(given, panes(count)), options: () => options, restores, show });
  operator.point();
  given.elements.forEach((element, id) => {
    operator.give((harness) => {
      if (element.kind === "watermark") harness.watermark(element.time);
      else harness.element(rowOf(element, id), element.time);
    });
  });
  operator.give((harness) => harness.watermark(Infinity));
  operator.finish();
  const { outputs, counters, harness } = operator;
  const { groups } = harness.snapshot(operator.restores + 1).operator.keyed.handle;
  return { outputs, counters, isEmpty: operator.restores === 0 ? groups.length === 0 : undefined };
}

function rowOf({ key, time, value }: Extract<Element, { readonly kind: "row" }>, id: number): Row {
  return { id, key, time, value, note: String(id) };
}

function show(output: HarnessOutput): string {
  if (output.kind !== "record") return output.kind === "watermark" ? `watermark ${output.watermark}` : `idle ${output.idle}`;
  return `${output.sideOutput ?? ""}|${JSON.stringify(output.value)}@${output.timestamp}`;
}

/** What the model says. */
function foretell(given: OperatorCase): { readonly outputs: readonly string[]; readonly late: number; readonly tooLate: number; readonly refired: number } {
  const outputs: string[] = [];
  const emit: Emit = Object.assign((row: Row, timestamp: number, port = ""): void => void outputs.push(`${port}|${JSON.stringify(row)}@${timestamp}`), {
    watermark: () => {},
  });
  const model = windowing(given.spec, given.form)();
  let watermark = -Infinity;
  for (const [id, element] of [...given.elements, { kind: "watermark" as const, time: Infinity }].entries()) {
    if (element.kind === "row") model.record(0, rowOf(element, id), element.time, emit);
    else if (watermark < element.time) {
      watermark = element.time;
      model.watermark(watermark, emit);
      outputs.push(`watermark ${watermark}`);
    }
  }
  return { outputs, ...model.counts! };
}

const never = (): boolean => false;

test("both kinds of panes give what the model gives, count what it counts, and keep nothing", () => {
  checkLaw("agreement", cases, 400, (given) => {
    const expected = foretell(given);
    const heap = play(given, { panes: () => "heap", continueBudget: Infinity, restores: never });
    const keyed = play(given, { panes: () => "keyed", continueBudget: Infinity, restores: never });
    expect(heap.outputs).toEqual(expected.outputs);
    expect(keyed).toEqual(heap);
    expect(heap.counters.slice(2)).toEqual([expected.late, given.spec.sideOutput ? 0 : expected.tooLate, expected.refired]);
    if (!given.spec.remembers) expect(heap.isEmpty).toBe(true);
  });
});

test("stopping anywhere, and snapshot, discard, restore on either kind of panes, changes nothing", () => {
  checkLaw("partition of input and checkpoint transparency of one operator", cases, 400, (given) => {
    const straight = play(given, { panes: () => "heap", continueBudget: Infinity, restores: never });
    const prng = new Prng(given.seed);
    const kinds: readonly PanesKind[] = ["heap", "keyed"];
    const stopping = play(given, { panes: () => prng.pick(kinds), continueBudget: 1 + prng.int(3), restores: never });
    expect(stopping).toEqual(straight);
    const oneIn = 1 + prng.int(6);
    const restored = play(given, { panes: () => prng.pick(kinds), continueBudget: 1 + prng.int(3), restores: () => prng.int(oneIn) === 0 });
    expect(restored.outputs).toEqual(straight.outputs);
    expect(restored.counters).toEqual(straight.counters);
  });
});

test("an operator that is given no late record emits none, re-firings apart", () => {
  // A reduced value does not tell whether it was fired again.
  const telling = cases.filter(({ spec }) => spec.contents !== "reduce");
  checkLaw("progress of one operator", telling, 200, (given) => {
    let watermark = -Infinity;
    const punctual = given.elements.filter((element) => {
      if (element.kind === "row") return watermark < element.time;
      watermark = Math.max(watermark, element.time);
      return true;
    });
    const { outputs, counters } = play({ ...given, elements: punctual }, { panes: () => "heap", continueBudget: 2, restores: never });
    let forwarded = -Infinity;
    for (const output of outputs) {
      if (output.startsWith("watermark ")) forwarded = Number(output.slice("watermark ".length));
      else if (output.startsWith(`${LATE.id}|`)) expect.unreachable(`too late: ${output}`);
      else if (output.startsWith("|") && !output.includes(" again ")) {
        const timestamp = Number(output.slice(output.lastIndexOf("@") + 1));
        expect(forwarded < timestamp || timestamp === Infinity, output).toBe(true);
      }
    }
    const dropped = counters[3];
    expect(dropped).toBe(0);
  });
});
