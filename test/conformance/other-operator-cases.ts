import type { OperatorFactory } from "../../core/operators/operator.ts";
import type { HarnessSnapshot } from "../../core/testing/operator-harness.ts";
import { NO_TIMESTAMP } from "../../core/time/timestamp.ts";
import { RestorableHarness } from "../operators/restorable-harness.ts";
import { isBatchCase, operatorOfCase } from "./named-functions.ts";
import { type CaseNumber, type Outcome, PASSED, differs, numberOf, skipped } from "./outcome.ts";
import { type CasePhase, type CaseStep, shownCase, shownOutput } from "./window-operator-cases.ts";

export interface OtherOperatorCase {
  readonly id: string;
  readonly spec: { readonly operatorClass: string; readonly functionClasses?: readonly string[] };
  readonly phases: readonly CasePhase[];
}

const NOT_BUILT: { readonly [operatorClass: string]: string } = {
  CoBroadcastWithKeyedOperator: "broadcast state is not built yet",
  CoBroadcastWithNonKeyedOperator: "broadcast state is not built yet",
  AsyncWaitOperator: "async I/O is not built yet",
};

/**
 * Runs a case of `other_operators.json`: an operator whose function is known by the name of its class, fed step by step. The output must be that of each step as
 * a multiset. Played straight, and with snapshot → discard → restore after every step.
 */
export function runOtherOperatorCase(input: OtherOperatorCase): Outcome {
  const { operatorClass } = input.spec;
  const reason = NOT_BUILT[operatorClass];
  if (reason !== undefined) return skipped(reason);
  const factory = operatorOfCase(input.id, operatorClass, input.spec.functionClasses ?? []);
  if (typeof factory === "string") return skipped(factory);
  const straight = play(input, factory, false);
  return straight.kind === "passed" ? play(input, factory, true) : straight;
}

function play({ id, phases }: OtherOperatorCase, factory: () => OperatorFactory, restoresAlways: boolean): Outcome {
  const sides = new Set(phases.flatMap(({ steps }) => steps.flatMap(({ out = [] }) => out.flatMap(({ side }) => side ?? []))));
  const options = { sideOutputs: [...sides].map((side) => ({ id: side })), mode: isBatchCase(id) ? "BATCH" : "STREAMING" } as const;
  const snapshots: (HarnessSnapshot | undefined)[] = [];
  let harness = new RestorableHarness(factory, options, restoresAlways);
  for (const [index, phase] of phases.entries()) {
    const source = phase.restoresFromSnapshotOfPhase;
    if (source !== undefined) harness.restore(snapshots[source]);
    else if (0 < index) harness = new RestorableHarness(factory, options, restoresAlways);
    for (const [stepIndex, step] of phase.steps.entries()) {
      if (step.op === "snapshot") snapshots[index] = harness.snapshot();
      else if (!apply(harness, step)) return skipped(`the runner does not know the step ${step.op}`);
      const [expected, actual] = [(step.out ?? []).map(shownCase).sort(), harness.takeOutput().map(shownOutput).sort()];
      if (JSON.stringify(expected) !== JSON.stringify(actual)) {
        return differs(`phase ${index + 1}, step ${stepIndex + 1}, ${step.op}${restoresAlways ? ", restored" : ""}`, expected, actual);
      }
    }
  }
  return PASSED;
}

/** Whether the step is known. `element2` and `watermark2` are of the second input. */
function apply(harness: RestorableHarness, { op, value, ts, args }: CaseStep): boolean {
  const input = op.endsWith("2") ? 1 : 0;
  switch (op) {
    case "element":
    case "element1":
    case "element2":
      harness.run((operator) => operator.element(value, ts === undefined || ts === null ? NO_TIMESTAMP : numberOf(ts), input));
      return true;
    case "watermark":
    case "watermark1":
    case "watermark2":
      harness.run((operator) => operator.watermark(numberOf(value as CaseNumber), input));
      return true;
    case "setProcessingTime":
      harness.setProcessingTime(numberOf(args![0]!));
      return true;
    case "open":
      return true;
    case "close":
      harness.close();
      return true;
    default:
      return false;
  }
}
