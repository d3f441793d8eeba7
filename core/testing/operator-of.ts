import type { StreamGraph } from "../graph/stream-graph.ts";
import { JobError } from "../lib/errors.ts";
import type { OperatorFactory } from "../operators/operator.ts";

/**
 * The operator of this name in a job as it was written, to run it by itself in an `OperatorHarness`.
 *
 * @throws JobError INVALID_ARGUMENT where no operator, or more than one, has the name.
 */
export function operatorOf(graph: StreamGraph, name: string): OperatorFactory {
  const named = graph.nodes.filter((node) => node.name === name);
  if (named.length === 1) return named[0]!.factory;
  const names = graph.nodes.map((node) => `"${node.name}"`).join(", ");
  throw new JobError("INVALID_ARGUMENT", `${named.length === 0 ? "no operator" : "more than one operator"} has the name "${name}"; the job has ${names}`);
}
