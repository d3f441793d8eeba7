import type { Tally } from "./tally.ts";
import type { PreparedRun } from "./variant.ts";
import type { Work } from "./works.ts";

/** Does the whole work and puts its results into the tally. */
export type PlainLoop = (work: Work, events: number, tally: Tally) => void;

/** As many as the eight jobs that precede an engine's run have together. */
export const WARM_UP_EVENTS = 480_000;

/** Runs the loop once, untimed, so that it is compiled; then it is ready. */
export function preparedLoop(loop: PlainLoop, work: Work, events: number, tally: Tally): PreparedRun {
  loop(work, Math.min(events, WARM_UP_EVENTS), tally);
  return {
    run() {
      tally.clear();
      loop(work, events, tally);
      return tally.taken();
    },
  };
}
