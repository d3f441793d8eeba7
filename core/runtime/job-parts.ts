import { codecs } from "../data/coded-type.ts";
import { dynamicCodec } from "../data/dynamic-type.ts";
import type { JobGraph } from "../graph/job-graph.ts";
import { Part } from "../lib/part.ts";
import { snapshotCode } from "../state/state-parts.ts";
import type { PartUse } from "../operators/operator.ts";

/** Both ends of the channels between chains. */
export const exchange = /* @__PURE__ */ new Part(() => import("./exchange.ts"));
/** What collects and sorts the input of operators that work by key, in BATCH. */
export const batchInput = /* @__PURE__ */ new Part(() => import("./batch-input.ts"));

/** Checkpoints, and beginning again after a failure. */
export const localRecovery: Part<typeof import("./local-recovery.ts")> = /* @__PURE__ */ new Part(() => import("./local-recovery.ts"));

/** The ways of records between a job in place and its submitter. */
export const localLines = /* @__PURE__ */ new Part(() => import("./local-lines.ts"));

/** What must be loaded before a job of this graph is made. */
export function partsOf(graph: JobGraph, use: Omit<PartUse, "mode">): ReadonlySet<Part<unknown>> {
  const { mode } = graph.settings;
  const parts = new Set<Part<unknown>>();
  if (0 < graph.edges.length) parts.add(exchange);
  if (mode === "BATCH") parts.add(batchInput);
  if (0 < parts.size || use.isRestored) parts.add(dynamicCodec);
  // What takes checkpoints loads these as well.
  if (use.isRestored) parts.add(codecs).add(snapshotCode);
  if (recovers(graph)) parts.add(localRecovery);
  if (usesSubmitter(graph)) parts.add(localLines);
  for (const { operators } of graph.vertices) {
    for (const { node } of operators) for (const part of node.factory.parts?.({ ...use, mode }) ?? []) parts.add(part);
  }
  return parts;
}

/** Whether more than one attempt of the job may be made, or one that does not begin at the beginning. */
export function recovers({ settings: { checkpointing, restart, recovery } }: JobGraph): boolean {
  return checkpointing !== undefined || restart.type !== "none" || recovery.savepoint !== undefined;
}

export function usesSubmitter({ vertices }: JobGraph): boolean {
  return vertices.some(({ operators }) => operators.some(({ node }) => node.factory.submitterName !== undefined));
}
