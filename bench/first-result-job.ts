import process from "node:process";
import { StreamExecutionEnvironment, TumblingEventTimeWindows, count, milliseconds, sum } from "tamias";
import { eventsOf } from "./jobs/event-source.ts";
import { tallySink } from "./jobs/tally-sink.ts";

/** Writes a line at the first window result, for whoever timed the start of this process: `node first-result-job.ts EVENTS`. */
const env = StreamExecutionEnvironment.getExecutionEnvironment();
const sums = eventsOf(env, { work: "tumbling", events: Number(process.argv[2]) })
  .keyBy((event) => event.key)
  .window(TumblingEventTimeWindows.of(milliseconds(1_000)))
  .aggregate({ count: count(), sum: sum("value") });
let isFirst = true;
sums.sinkTo(
  tallySink("results", () => {
    if (isFirst) console.log("first result");
    isFirst = false;
  }),
);
await env.execute("first result");
