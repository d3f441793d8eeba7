import type { JobArgs, StreamExecutionEnvironment } from "tamias";
import { eventsOf } from "./event-source.ts";
import { tallySink } from "./tally-sink.ts";

/**
 * Map, filter, flatMap and a keyed reduce: the operators that no other job here uses. Only to make the engine's call sites see
 * many functions.
 */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  eventsOf(env, args)
    .map((event) => ({ word: `bucket ${event.value & 7}`, weight: event.value }))
    .filter((word) => word.weight % 3 !== 0)
    .flatMap((word) => (word.weight % 5 === 0 ? [word, { ...word, weight: 1 }] : [word]))
    .keyBy((word) => word.word)
    .reduce((left, right) => ({ word: left.word, weight: left.weight + right.weight }))
    .sinkTo(tallySink<{ weight: number }>("sums", (tally, { weight }) => tally.see(0, weight)));
}
