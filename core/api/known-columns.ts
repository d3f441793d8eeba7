import { JobError } from "../lib/errors.ts";
import { nearestName } from "../lib/nearest-name.ts";
import { show } from "../lib/show.ts";
import type { Upstream } from "./stream-graph-builder.ts";

/** The fields of a stream's records where the graph knows them; of a union all that any part has. */
export function knownColumns({ inputs }: Upstream): readonly string[] | undefined {
  const names = new Set<string>();
  for (const { node, sideOutput } of inputs) {
    if (node.columnNames === undefined || sideOutput !== undefined) return undefined;
    for (const name of node.columnNames) names.add(name);
  }
  return [...names];
}

/**
 * Makes sure that what a step reads is there, where the graph knows what is there. Elsewhere a field that a record does not have is null.
 * @throws JobError INVALID_ARGUMENT
 */
export function requireColumns(step: string, read: Iterable<string>, known: readonly string[] | undefined): void {
  if (known === undefined) return;
  for (const name of read) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const advice = nearest === undefined ? "" : `. Did you mean ${show(nearest)}?`;
    throw new JobError("INVALID_ARGUMENT", `${step} reads the column ${show(name)}, but the records have ${known.join(", ")}${advice}`);
  }
}
