import { expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import type { PanesKind } from "../../core/operators/window-parts.ts";
import { InterruptedOperator } from "../operators/interrupted-operator.ts";
import type { Row } from "./rows.ts";
import { checkLaw } from "./law.ts";
import type { Emit } from "./models.ts";
import { LATE, SIDE } from "./stage-functions.ts";
import { cases, factoryOf, type OperatorCase, rowOf, show } from "./window-case.ts";
import { windowing } from "./window-model.ts";

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
