import type { StreamNode } from "../graph/stream-graph.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { checkedParallelism } from "./execution-options.ts";

/** What users set on operators, sources and sinks, checked where it is written. */

/** @throws JobError INVALID_ARGUMENT */
export function setName(node: StreamNode, name: string): void {
  node.name = checkedText("name", name);
}

/** That it is unique is checked when the graph is complete. @throws JobError INVALID_ARGUMENT */
export function setUid(node: StreamNode, uid: string): void {
  node.uid = checkedText("uid", uid);
}

/** @throws JobError INVALID_ARGUMENT also where the operator runs in one instance only. */
export function setParallelism(node: StreamNode, parallelism: number): void {
  const checked = checkedParallelism("parallelism", parallelism);
  if (node.parallelismMax !== undefined && node.parallelismMax < checked) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `"${node.name}" runs in one instance and cannot have parallelism ${checked}: ` +
        "leave setParallelism() out here, and set it on the operators behind",
    );
  }
  requireWithinMaximum(node.name, checked, node.maxParallelism);
  node.parallelism = checked;
}

/** @throws JobError INVALID_ARGUMENT */
export function setMaxParallelism(node: StreamNode, maxParallelism: number): void {
  const checked = checkedParallelism("maxParallelism", maxParallelism);
  requireWithinMaximum(node.name, node.parallelism, checked);
  node.maxParallelism = checked;
}

function requireWithinMaximum(name: string, parallelism: number | undefined, maxParallelism: number | undefined): void {
  if (parallelism === undefined || maxParallelism === undefined || parallelism <= maxParallelism) return;
  throw new JobError(
    "INVALID_ARGUMENT",
    `"${name}" would have parallelism ${parallelism}, more than its maximum of ${maxParallelism}: ` +
      "lower setParallelism() or raise setMaxParallelism()",
  );
}

function checkedText(what: string, text: unknown): string {
  if (typeof text === "string" && text !== "") return text;
  throw new JobError("INVALID_ARGUMENT", `the ${what} of an operator must be a non-empty string, but is ${show(text)}`);
}
