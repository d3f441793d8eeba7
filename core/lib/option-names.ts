import { JobError } from "./errors.ts";
import { nearestName } from "./nearest-name.ts";

/**
 * An option of a name that does not exist would do nothing, and nobody would know.
 * @param taker what takes the options, such as `executeAndCollect`
 * @throws JobError UNKNOWN_OPTION with the nearest name, or with all there are
 */
export function requireOptionNames(taker: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const nearest = nearestName(unknown, known);
  const advice = nearest === undefined ? `it has ${known.join(", ")}` : `did you mean "${nearest}"?`;
  throw new JobError("UNKNOWN_OPTION", `${taker} has no option "${unknown}": ${advice}`);
}
