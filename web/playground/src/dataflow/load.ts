import type { SubtaskSample } from "../engine/engine.ts";
import { percent } from "../format/numbers.ts";

/** How loaded a chain is, as Flink's dashboard shows it: by its most loaded subtask. */
export interface Load {
  readonly kind: "idle" | "busy" | "backpressured";
  readonly busy: number;
  readonly backpressured: number;
  readonly text: string;
}

/** From this share on, what holds a chain up is what is behind it. */
const BACKPRESSURED_FROM = 0.5;
const BUSY_FROM = 0.02;

export function loadOf(subtasks: readonly SubtaskSample[]): Load {
  const busy = Math.max(0, ...subtasks.map((subtask) => subtask.busy));
  const backpressured = Math.max(0, ...subtasks.map((subtask) => subtask.backpressured));
  if (BACKPRESSURED_FROM <= backpressured) return { kind: "backpressured", busy, backpressured, text: `backpressured ${percent(backpressured)}` };
  if (BUSY_FROM <= busy) return { kind: "busy", busy, backpressured, text: `busy ${percent(busy)}` };
  return { kind: "idle", busy, backpressured, text: "idle" };
}
