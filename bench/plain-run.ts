import type { Tally } from "./tally.ts";
import type { PreparedRun } from "./variant.ts";
import type { Work } from "./works.ts";

/** Does the whole work and puts its results into the tally. */
export type PlainLoop = (work: Work, events: number, tally: Tally) => void;

/** As many as the eight jobs that precede an engine's run have together. */
const WARM_UP_EVENTS = 480_000;

/**
 * Runs the loop once, untimed, so that it is compiled; then it is ready. What takes many microseconds an event is warm after a
 * smaller share of the events.
 */
export function preparedLoop(loop: PlainLoop, work: Work, events: number, tally: Tally, share: number = 1): PreparedRun {
  loop(work, Math.min(Math.ceil(events * share), WARM_UP_EVENTS), tally);
  return {
    run() {
      tally.clear();
      loop(work, events, tally);
      return tally.taken();
    },
  };
}
