import { getHeapStatistics } from "node:v8";
import { WatermarkStrategy, type JobArgs, type SinkWriterContext, type StreamExecutionEnvironment } from "tamias";
import { type ShuffledRow, rowsOf } from "../shuffled-rows.ts";
import { madeHere } from "./made-here.ts";
import { type Observer, reportingSink } from "./reporting-sink.ts";

/** What the thread of one subtask held, after a forced collection: in the first fifth of the run at most, and after it. */
export interface Held {
  readonly records: number;
  readonly earlyBytes: number;
  readonly lateBytes: number;
}

/** Rows go from subtask to subtask, as fast as they can be made, into a sink that takes `rowsPerMs`. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const records = Number(args["records"]);
  const keys = Int32Array.from({ length: 10_000 }, (_, key) => key);
  const source = madeHere<ShuffledRow>("rows", false, () => {
    let made = 0;
    return (output) => {
      const rows = rowsOf(keys, made, records);
      made += rows.length;
      output.collectAll(rows);
      return made < records ? "MORE_AVAILABLE" : "END_OF_INPUT";
    };
  });
  const slow = reportingSink<ShuffledRow, Held>("held", (context) => slowObserver(context, records, Number(args["rowsPerMs"])));
  env.fromSource(source, WatermarkStrategy.noWatermarks(), "rows").keyBy("key").sinkTo(slow);
}

const LOOKS = 20;

function slowObserver(context: SinkWriterContext, records: number, rowsPerMs: number): Observer<ShuffledRow, Held> {
  let isReady = true;
  let [taken, earlyBytes, lateBytes] = [0, 0, 0];
  const look = (): void => {
    const heldBytes = heldNow();
    if (taken <= records / 5) earlyBytes = Math.max(earlyBytes, heldBytes);
    else lateBytes = Math.max(lateBytes, heldBytes);
  };
  return {
    see() {
      taken += 1;
      if (taken % Math.ceil(records / LOOKS) === 0) look();
      if (taken % rowsPerMs !== 0) return;
      isReady = false;
      context.at(context.now() + 1, () => {
        isReady = true;
        context.notifyReady();
      });
    },
    isReady: () => isReady,
    report: () => ({ records: taken, earlyBytes, lateBytes }),
  };
}

/** Of this thread, buffers included. */
function heldNow(): number {
  (globalThis as unknown as { readonly gc: () => void }).gc();
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}
