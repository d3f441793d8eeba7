import type { WindowAssignerContext } from "./window-assigner.ts";
import { windowStart } from "./time-window.ts";

/**
 * Where the windows of a subtask begin, so that not all subtasks fire at the same instant: together (`ALIGNED`, the default),
 * shifted by a random part of their size (`RANDOM`), or by when in its window the first record came (`NATURAL`). The last two
 * depend on chance or the clock, so results are not reproducible.
 */
export const WindowStagger = { ALIGNED: "ALIGNED", RANDOM: "RANDOM", NATURAL: "NATURAL" } as const;
export type WindowStagger = (typeof WindowStagger)[keyof typeof WindowStagger];

/** The shift in ms, in [0, size). */
export function drawStagger(stagger: WindowStagger, sizeMs: number, context: WindowAssignerContext): number {
  switch (stagger) {
    case "ALIGNED":
      return 0;
    case "RANDOM":
      return Math.floor(context.random() * sizeMs);
    case "NATURAL": {
      const now = Math.floor(context.currentProcessingTime());
      return now - windowStart(now, 0, sizeMs);
    }
  }
}
