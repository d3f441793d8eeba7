import { createHash } from "node:crypto";
import type { HourOfDelays } from "../../examples/flights/delays.ts";

/** What `test/examples/recount-flights.mjs` says of the final results. */
export interface FinalResults {
  readonly sha256: string;
  readonly first: string;
  readonly last: string;
}

/** The last result of each origin and hour counts; ordered by origin, then hour. */
export function finalResults(results: readonly HourOfDelays[]): FinalResults {
  const panes = new Map<string, HourOfDelays>();
  for (const result of results) panes.set(`${result.origin} ${result.hour}`, result);
  const ordered = [...panes.values()].sort((a, b) => (a.origin === b.origin ? a.hour - b.hour : a.origin < b.origin ? -1 : 1));
  const lines = ordered.map(
    ({ origin, hour, flights, mean, worst }) => `${origin} ${hour / 3_600_000} ${flights} ${mean} ${worst}`,
  );
  const sha256 = createHash("sha256")
    .update(lines.map((line) => `${line}\n`).join(""))
    .digest("hex");
  return { sha256, first: lines[0]!, last: lines.at(-1)! };
}
