import { expect, test } from "vitest";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { ReaderOutput } from "../../core/connectors/source.ts";
import { keyedProcessFactory } from "../../core/operators/function-factories.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { finishJob, startJob, testSink } from "./running-jobs.ts";
import { readerSource } from "./reader-source.ts";
import { GraphWriter } from "./stream-graphs.ts";

const noWatermarks = WatermarkStrategy.noWatermarks<number>();

test("a reader that says so while it is polled is polled again, whatever it returns", () => {
  let polls = 0;
  const writer = new GraphWriter();
  writer.source(readerSource((context) => ({
    pollNext: (output: ReaderOutput<number>) => {
      polls += 1;
      if (polls === 5) return "END_OF_INPUT";
      output.collect(polls);
      context.notifyAvailable();
      return "NOTHING_AVAILABLE";
    },
  })), noWatermarks, 1);
  finishJob(startJob(writer.graph()));
  expect(polls).toBe(5);
});

test("a sink that says it is ready inside write goes on", () => {
  const writer = new GraphWriter();
  let taken = 0;
  const source = writer.source(new SequenceSource(1, 50) as never, noWatermarks, 1);
  writer.operator("sink", sinkFactory(testSink<number>((context) => {
    let isReady = true;
    return {
      write: () => {
        taken += 1;
        isReady = false;
        context.post(() => {
          isReady = true;
        });
        context.notifyReady();
      },
      isReady: () => isReady,
    };
  })), source, { parallelism: 1 });
  finishJob(startJob(writer.graph()));
  expect(taken).toBe(50);
});

test("mail that posts itself again holds up nobody", () => {
  let mails = 0;
  const writer = new GraphWriter();
  const source = writer.source(new SequenceSource(1, 50) as never, noWatermarks, 1);
  writer.operator("sink", sinkFactory(testSink<number>((context) => {
    const again = (): void => {
      mails += 1;
      if (1_000_000 < mails) throw new Error("one turn of mail has no end");
      context.post(again);
    };
    context.post(again);
    return {};
  })), source, { parallelism: 1 });
  finishJob(startJob(writer.graph()));
  expect(mails).toBeGreaterThan(1);
});

test("timers that are dropped at the end of the input do not fire because a sink is slow", () => {
  for (const endOfInputTimers of ["drop", "fire"] as const) {
    const taken: unknown[] = [];
    const writer = new GraphWriter();
    const source = writer.source(new SequenceSource(1, 5) as never, noWatermarks, 1);
    const timers = writer.operator("timers", keyedProcessFactory<number, number, string>({
      keyOf: (n) => n,
      fn: {
        processElement: (n, context, out) => {
          context.timerService().registerProcessingTimeTimer(100);
          out.collect(`record ${n}`);
        },
        onTimer: (_time, context, out) => out.collect(`timer ${context.getCurrentKey()}`),
      },
    }), source, { keyed: (n: number) => n, parallelism: 1 });
    writer.operator("sink", sinkFactory(testSink<string>((context) => {
      let isReady = true;
      return {
        write: (record) => {
          taken.push(record);
          isReady = false;
          context.at(context.now() + 40, () => {
            isReady = true;
            context.notifyReady();
          });
        },
        isReady: () => isReady,
      };
    })), timers, { parallelism: 1, partitioner: { kind: "rebalance" } });
    finishJob(startJob(writer.graph({ endOfInputTimers })));
    expect(taken).toHaveLength(endOfInputTimers === "drop" ? 5 : 10);
  }
});
