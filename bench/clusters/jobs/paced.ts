import process from "node:process";
import { WatermarkStrategy, type JobArgs, type SourceReaderContext, type StreamExecutionEnvironment } from "tamias";
import { type Maker, madeHere } from "./made-here.ts";
import { type Observer, reportingSink } from "./reporting-sink.ts";

/** When an event was emitted: ns of the monotonic clock, which all threads of a process share. */
interface Stamped {
  readonly emittedNs: number;
}

/** From the emission of an event to the sink that gets it, µs. */
export interface Latencies {
  readonly events: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/**
 * A thousand events a second go from one thread to another. The source waits for a timer between them, or, where it is `busy`, never rests, in neither thread: only
 * then does an event wait for others in its buffer, and for the turn of whoever gets it.
 */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const timeout = args["bufferTimeout"];
  if (typeof timeout === "number") env.setBufferTimeout(timeout);
  const makerOf = args["busy"] === true ? busyMaker : timedMaker;
  env
    .fromSource(madeHere<Stamped>("a thousand a second", false, (context) => makerOf(context, Number(args["events"]))), WatermarkStrategy.noWatermarks(), "events")
    .setParallelism(args["busy"] === true ? 2 : 1)
    .partitionCustom(
      (last: number) => last,
      () => 1,
    )
    .sinkTo(reportingSink("latencies", observer))
    .setParallelism(2);
}

const NS_PER_EVENT = 1_000_000;
/** Counted from where threads are warm; before that code is being compiled. */
const WARM_UP_EVENTS = 1_000;

function nowNs(): number {
  return Number(process.hrtime.bigint());
}

function busyMaker({ subtaskIndex }: SourceReaderContext, events: number): Maker<Stamped> {
  let made = 0;
  let began: number | undefined;
  return (output) => {
    if (events + WARM_UP_EVENTS <= made) return "END_OF_INPUT";
    const emittedNs = nowNs();
    began ??= emittedNs;
    if (emittedNs < began + made * NS_PER_EVENT) return "MORE_AVAILABLE";
    made += 1;
    if (subtaskIndex === 0) output.collect({ emittedNs });
    return "MORE_AVAILABLE";
  };
}

function timedMaker(context: SourceReaderContext, events: number): Maker<Stamped> {
  const makeDue = busyMaker(context, events);
  return (output) => {
    const status = makeDue(output);
    if (status === "END_OF_INPUT") return status;
    setTimeout(() => context.notifyAvailable(), 1);
    return "NOTHING_AVAILABLE";
  };
}

function observer(): Observer<Stamped, Latencies> {
  const all: number[] = [];
  return {
    see: ({ emittedNs }) => void all.push(nowNs() - emittedNs),
    report() {
      const sorted = all.slice(WARM_UP_EVENTS).sort((a, b) => a - b);
      const quantile = (share: number): number => (sorted[Math.floor(share * (sorted.length - 1))] ?? NaN) / 1_000;
      return { events: sorted.length, p50: quantile(0.5), p99: quantile(0.99), most: quantile(1) };
    },
  };
}
