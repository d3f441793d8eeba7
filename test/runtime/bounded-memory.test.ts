import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { DataGeneratorSource, type StreamExecutionEnvironment, WatermarkStrategy } from "tamias";
import type { Sink } from "../../core/connectors/sink.ts";
import { LocalExecutor, SimulatedCluster, SimulatedHost } from "../../core/testing/index.ts";
import { StreamExecutionEnvironment as Environment } from "../../core/api/stream-execution-environment.ts";
import { BUFFER_ROWS_MAX } from "../../core/runtime/buffer-bounds.ts";
import { CHANNEL_CREDITS } from "../../core/runtime/channel.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const RECORDS = 200_000;
const LOOKS = 8;
/** What a heap may grow by between two looks without a leak: code that was compiled meanwhile. */
const GROWTH_BYTES_MAX = 3_000_000;
/** Of the only channel that is ever full: what is in flight, and the buffer being filled. */
const IN_FLIGHT_MAX = (CHANNEL_CREDITS + 1) * BUFFER_ROWS_MAX;

/** How far a job has come, seen from outside. */
interface Progress {
  read: number;
  taken: number;
  inFlightMost: number;
  readonly heaps: number[];
}

/** A sink that takes a buffer's worth, and then nothing until everybody else has done all that they can. */
function slowSink(progress: Progress): Sink<{ readonly text: string }> {
  return {
    describe: () => "slow",
    createWriter: (context) => {
      let room = BUFFER_ROWS_MAX;
      return {
        write() {
          progress.taken += 1;
          progress.inFlightMost = Math.max(progress.inFlightMost, progress.read - progress.taken);
          if (progress.taken % (RECORDS / LOOKS) === 0) {
            collectGarbage();
            const { heapUsed, external } = process.memoryUsage();
            progress.heaps.push(heapUsed + external);
          }
          room -= 1;
          // The virtual clock moves when nothing else is left to do.
          if (room === 0) context.at(context.now() + 1, () => {
            room = BUFFER_ROWS_MAX;
            context.notifyReady();
          });
        },
        isReady: () => 0 < room,
        flush() {},
        close() {},
      };
    },
  };
}

/** One subtask reads, all to the second subtask of two, on the other machine where there are two. */
function write(env: StreamExecutionEnvironment, progress: Progress): void {
  const read = (index: number): { readonly text: string } => {
    progress.read = index + 1;
    return { text: `record ${index}` };
  };
  env
    .fromSource(new DataGeneratorSource(read, RECORDS), WatermarkStrategy.noWatermarks(), "numbers")
    .setParallelism(1)
    .partitionCustom((key: number) => key, () => 1)
    .map((record) => record)
    .setParallelism(2)
    .sinkTo(slowSink(progress))
    .setParallelism(2);
}

const RUNS: Readonly<Record<string, (progress: Progress) => void>> = {
  "a queue in place": (progress) => {
    const host = new SimulatedHost({ seed: 3 });
    const env = new Environment(new LocalExecutor({ host }), { parallelism: 2 });
    write(env, progress);
    void env.executeAsync();
    host.runUntilIdle();
  },
  "messages between machines": (progress) => onMachines("message", progress),
  "rings in shared memory": (progress) => onMachines("shared-memory", progress),
};

function onMachines(transport: "message" | "shared-memory", progress: Progress): void {
  const cluster = new SimulatedCluster({ seed: 3, taskManagers: 2, transport });
  const job = cluster.submit((env) => write(env, progress));
  cluster.runUntil(() => job.getJobStatus() === "FINISHED", 10_000_000);
}

describe.each(Object.entries(RUNS))("%s", (_name, run) => {
  test("holds a few buffers and no more, however much slower the sink is", async () => {
    const progress: Progress = { read: 0, taken: 0, inFlightMost: 0, heaps: [] };
    run(progress);
    expect(progress.taken).toBe(RECORDS);
    expect(progress.inFlightMost).toBeGreaterThan((CHANNEL_CREDITS - 1) * BUFFER_ROWS_MAX);
    expect(progress.inFlightMost).toBeLessThanOrEqual(IN_FLIGHT_MAX);
    // The first look comes before all code is warm.
    const [, ...heaps] = progress.heaps;
    expect(Math.max(...heaps) - Math.min(...heaps)).toBeLessThan(GROWTH_BYTES_MAX);
  });
});
