import { expect, test } from "vitest";
import type { SourceReader } from "../../core/connectors/source.ts";
import { BatchEncoder } from "../../core/connectors/array-encoder.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { finishJob, startJob } from "./running-jobs.ts";
import { readerSource } from "./reader-source.ts";
import { GraphWriter } from "./stream-graphs.ts";

/** How often the reader is polled in each turn of its task. */
function pollsPerTurn(rowsPerBatch: number, turnRecordsMax: number): number[] {
  const polls: number[] = [];
  const writer = new GraphWriter();
  let left = 12;
  let turn = 0;
  const reader = (): Partial<SourceReader<number, never>> => ({
    pollNext: (output) => {
      polls[turn] = (polls[turn] ?? 0) + 1;
      if (left === 0) return "END_OF_INPUT";
      left -= 1;
      output.collectColumns(new BatchEncoder().encode({ n: new Float64Array(rowsPerBatch) }));
      return "MORE_AVAILABLE";
    },
  });
  writer.source(readerSource(reader), WatermarkStrategy.noWatermarks<number>(), 1);
  const running = startJob(writer.graph(), { turnRecordsMax });
  // Nobody else wants the thread.
  running.host.shouldYield = () => false;
  while (running.outcomes.length === 0) {
    turn = polls.length;
    if (running.host.runUntilIdle(1)) break;
  }
  finishJob(running);
  return polls.filter((count) => 0 < count);
}

test("a batch counts as its records against the turn's budget", () => {
  expect(pollsPerTurn(1, 4)).toEqual([4, 4, 4, 1]);
  expect(pollsPerTurn(2, 4)).toEqual([2, 2, 2, 2, 2, 2, 1]);
  // A turn that has budget left takes a batch of any size.
  expect(pollsPerTurn(3, 4)).toEqual([2, 2, 2, 2, 2, 2, 1]);
  expect(pollsPerTurn(100, 4)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
});
