import type { MergingDeadlines } from "../windows/merging-panes.ts";
import type { PaneDeadlines } from "../windows/panes.ts";
import type { Window } from "../windows/time-window.ts";
import type { WindowAssigner } from "../windows/window-assigner.ts";

/** The default triggers, and when windows are dropped. */
export function deadlinesOf(assigner: WindowAssigner<never, Window>, allowedLatenessMs: number): PaneDeadlines {
  switch (assigner.defaultTrigger) {
    case "eventTime":
      return { fireTime: (window) => window.end - 1, dropTime: (window) => window.end - 1 + allowedLatenessMs };
    case "processingTime":
      return { fireTime: (window) => window.end - 1, dropTime: (window) => window.end - 1 };
    case "endOfStream":
      return { fireTime: () => Infinity, dropTime: () => Infinity };
    case "never":
      return { fireTime: () => NaN, dropTime: () => Infinity };
  }
}

/** The same for windows that merge. */
export function mergingDeadlinesOf(assigner: WindowAssigner<never, Window>, allowedLatenessMs: number): MergingDeadlines {
  switch (assigner.defaultTrigger) {
    case "eventTime":
      return { fireDelayMs: 0, dropDelayMs: allowedLatenessMs };
    case "processingTime":
      return { fireDelayMs: 0, dropDelayMs: 0 };
    case "endOfStream":
      return { fireDelayMs: Infinity, dropDelayMs: Infinity };
    case "never":
      return { fireDelayMs: NaN, dropDelayMs: Infinity };
  }
}

/** Whether a record lies in one window at most, so that what a window holds is its own. Of an assigner of the user nothing is known. */
export function hasOneWindowPerRecord(assigner: WindowAssigner<never, Window>): boolean {
  return assigner.isMerging || assigner.hasOneWindowPerRecord === true;
}
