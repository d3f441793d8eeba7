import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { Duration } from "../../core/lib/duration.ts";
import { JobError } from "../../core/lib/errors.ts";
import { stamped } from "../../core/operators/batch-parts.ts";
import { timestampsAndWatermarksFactory } from "../../core/operators/timestamps-and-watermarks-operator.ts";
import { OperatorHarness, type OperatorHarnessOptions } from "../../core/testing/operator-harness.ts";
import type { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { STRATEGIES, timedBatch, type Timed } from "../time/timed-batches.ts";
import { showOutput } from "./play.ts";

type Action = readonly ["batch", ColumnBatch] | readonly ["time", number] | readonly ["restore"];

function give(harness: OperatorHarness, batch: ColumnBatch, by: "rows" | "columns"): void {
  if (by === "columns") return harness.columns(batch);
  batch.forEach(
    (row) => harness.element(batch.rowAt(row), batch.timestamps[row]!),
    (watermark) => harness.watermark(watermark),
  );
}

/** What came out, step by step, however it went in. */
function play(by: "rows" | "columns", strategy: WatermarkStrategy<Timed>, actions: readonly Action[], options: OperatorHarnessOptions): unknown[] {
  const seen: unknown[] = [];
  let harness = new OperatorHarness(timestampsAndWatermarksFactory(strategy), options);
  let now = 0;
  const look = (): void => void seen.push(harness.takeOutput().map(showOutput), { ...harness.metrics });
  harness.open();
  try {
    for (const [index, action] of actions.entries()) {
      if (action[0] === "batch") give(harness, action[1], by);
      else if (action[0] === "time") harness.setProcessingTime((now += action[1]));
      else {
        const snapshot = harness.snapshot(index + 1);
        harness.close();
        harness = OperatorHarness.restore(timestampsAndWatermarksFactory(strategy), snapshot, { ...options, processingTime: now });
        harness.open();
      }
      look();
    }
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    seen.push(error.code, error.message, error.place);
  }
  look();
  return seen;
}

/** As an operator upstream sends them: with its watermarks, of which only the final one counts. */
const upstream = fc.tuple(timedBatch, fc.array(fc.tuple(fc.nat(12), fc.oneof({ weight: 8, arbitrary: fc.integer({ max: 99 }) }, fc.constant(Infinity))), { maxLength: 3 })).map(([batch, noted]) => {
  const rows = noted.map(([row]) => Math.min(row, batch.rowCount)).sort((a, b) => a - b);
  const watermarks = noted.map(([, watermark]) => watermark).sort((a, b) => (a < b ? -1 : b < a ? 1 : 0));
  return stamped(batch, batch.timestamps, { rows, watermarks });
});
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: upstream.map((batch): Action => ["batch", batch]) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 30 }).map((ms): Action => ["time", ms]) },
  { weight: 1, arbitrary: fc.constant<Action>(["restore"]) },
);

describe("a batch means its rows one by one: timestamps, watermarks at their places, idleness, counters, failures, restores", () => {
  for (const [title, options, idle] of [
    ["", {}, false],
    [", with idleness", {}, true],
    [", in BATCH", { mode: "BATCH" }, true],
  ] as const) {
    test.each(STRATEGIES)(`%s${title}`, (_, strategy) => {
      const whole = idle ? strategy.withIdleness(Duration.ofMillis(50)) : strategy;
      fc.assert(
        fc.property(fc.array(action, { maxLength: 12 }), (actions) => {
          expect(play("columns", whole, actions, options)).toEqual(play("rows", whole, actions, options));
        }),
        { seed: 20_250_802, numRuns: 150 },
      );
    });
  }
});
