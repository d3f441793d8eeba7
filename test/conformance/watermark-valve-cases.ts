import { WatermarkValve, type WatermarkValveOutput } from "../../core/time/watermark-valve.ts";
import { type CaseNumber, type Outcome, PASSED, differs, numberOf, skipped } from "./outcome.ts";

type ValveElement = { readonly watermark: CaseNumber } | { readonly status: "idle" | "active" };
type ValveStep = ValveElement & { readonly channel: number; readonly out: readonly ValveElement[] };

export interface WatermarkValveCase {
  readonly id: string;
  readonly channels: number;
  readonly steps: readonly ValveStep[];
}

/** Runs a case of `watermark_valve.json`, straight and with snapshot → discard → restore before every step. */
export function runWatermarkValveCase(input: WatermarkValveCase): Outcome {
  const straight = play(input, false);
  return straight.kind === "passed" ? play(input, true) : straight;
}

function play({ channels, steps }: WatermarkValveCase, restores: boolean): Outcome {
  let seen: ValveElement[] = [];
  const output: WatermarkValveOutput = {
    onWatermark: (watermark) => seen.push({ watermark: watermark === Infinity ? "MAX" : watermark }),
    onIdleness: (idle) => seen.push({ status: idle ? "idle" : "active" }),
  };
  let valve = new WatermarkValve(channels, output);
  for (const [index, step] of steps.entries()) {
    if (restores) {
      const snapshot = structuredClone(valve.snapshot());
      valve = new WatermarkValve(channels, output);
      valve.restore(snapshot);
    }
    seen = [];
    if ("watermark" in step) valve.processWatermark(step.channel, numberOf(step.watermark));
    else if (step.status === "idle" || step.status === "active") valve.processIdleness(step.channel, step.status === "idle");
    else return skipped(`the runner does not know the step ${JSON.stringify(step)}`);
    if (JSON.stringify(seen) !== JSON.stringify(step.out)) {
      return differs(`step ${index + 1}${restores ? ", restored before each step" : ""}`, step.out, seen);
    }
  }
  return PASSED;
}
