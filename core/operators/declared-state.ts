import type { CheckpointedFunction } from "../functions/checkpointed-function.ts";

/**
 * What `explain` says of the state of an operator that runs a user's function. The function asks for its state when it opens, so the
 * graph knows whose it is but no names.
 */
export function declaredState(fn: object, keyed: "unkeyed" | "keyed" | "keyed with timers"): { readonly state?: string } {
  const kinds: string[] = [];
  if (keyed !== "unkeyed") kinds.push("keyed state of the function");
  if (keyed === "keyed with timers") kinds.push("timers by key");
  if ((fn as CheckpointedFunction).initializeState !== undefined) kinds.push("operator state of the function");
  return kinds.length === 0 ? {} : { state: kinds.join(", ") };
}
