import { expect } from "vitest";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import { type HarnessOutput, OperatorHarness, type OperatorHarnessOptions } from "../../core/testing/operator-harness.ts";

/** What is done to the operator, and what must come out of it. */
export type Step =
  | readonly ["record", value: unknown, timestamp?: number | undefined, input?: number]
  | readonly ["watermark", watermark: number, input?: number]
  | readonly ["idle", idle: boolean, input?: number]
  | readonly ["time", time: number]
  | readonly ["end key"]
  | readonly ["finish"];

export interface Case {
  /** Made anew for each play, so that nothing but state can carry over a restore. */
  readonly factory: () => OperatorFactory;
  readonly options?: OperatorHarnessOptions;
  readonly steps: readonly (readonly [Step, ...string[]])[];
}

/**
 * Plays the steps straight; then once for every point between two steps, and between two turns of suspended work, with snapshot → discard → restore there;
 * then with a restore at every point. The output must be the same each time.
 */
export function check(played: Case): void {
  const expected = played.steps.map(([, ...outputs]) => outputs);
  const straight = play(played, () => false);
  expect(straight.outputs).toEqual(expected);
  for (let point = 0; point < straight.points; point += 1) {
    expect(play(played, (at) => at === point).outputs, `restored at point ${point}`).toEqual(expected);
  }
  expect(play(played, () => true).outputs, "restored at every point").toEqual(expected);
}

function play(played: Case, restoresAt: (point: number) => boolean): { readonly outputs: string[][]; readonly points: number } {
  const { factory, options = {} } = played;
  let clock = options.processingTime ?? 0;
  let harness = new OperatorHarness(factory(), options);
  let points = 0;
  let checkpointId = 0;
  const mayRestore = (): void => {
    if (!harness.isSnapshotable) return;
    const point = points;
    points += 1;
    if (!restoresAt(point)) return;
    checkpointId += 1;
    const output = harness.takeOutput();
    expect(output, "output was taken before").toEqual([]);
    const snapshot = harness.snapshot(checkpointId);
    const inMidFiring = harness.isSuspended;
    // Later snapshots are deltas of every second one.
    if (checkpointId % 2 === 0) harness.completed(checkpointId);
    harness.close();
    harness = OperatorHarness.restore(factory(), snapshot, { ...options, processingTime: clock });
    harness.open();
    // Timers of the clock leave nothing suspended: the clock calls again.
    if (inMidFiring) harness.setProcessingTime(clock);
  };
  harness.open();
  const outputs: string[][] = [];
  for (const [step] of played.steps) {
    const put: string[] = [];
    const take = (): void => {
      put.push(...harness.takeOutput().map(showOutput));
    };
    mayRestore();
    if (step[0] === "time") clock = step[1];
    apply(harness, step);
    take();
    while (harness.isSuspended) {
      mayRestore();
      harness.resume();
      take();
    }
    take();
    outputs.push(put);
  }
  harness.close();
  return { outputs, points };
}

function apply(harness: OperatorHarness, step: Step): void {
  switch (step[0]) {
    case "record":
      return harness.element(step[1], step[2], step[3]);
    case "watermark":
      return harness.watermark(step[1], step[2]);
    case "idle":
      return harness.idle(step[1], step[2]);
    case "time":
      return harness.setProcessingTime(step[1]);
    case "end key":
      return harness.endKey();
    case "finish":
      return harness.finish();
  }
}

export function showOutput(output: HarnessOutput): string {
  if (output.kind === "watermark") return `wm ${output.watermark}`;
  if (output.kind === "idleness") return output.idle ? "idle" : "active";
  const value = typeof output.value === "string" ? output.value : JSON.stringify(output.value);
  const side = output.sideOutput === undefined ? "" : `${output.sideOutput}:`;
  return `${side}${value}${output.timestamp === undefined ? "" : `@${output.timestamp}`}`;
}
