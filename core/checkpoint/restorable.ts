import type { JobGraph } from "../graph/job-graph.ts";
import { JobError } from "../lib/errors.ts";
import type { Manifest } from "./manifest.ts";

/** @throws JobError RESTORE_MISMATCH where state would be lost: it is of an operator that the job does not have. */
export function requireRestorable({ operators, checkpointId }: Manifest, graph: JobGraph, allowNonRestoredState: boolean): void {
  if (allowNonRestoredState) return;
  const uids = new Set(graph.vertices.flatMap((vertex) => vertex.operators.map(({ uid }) => uid)));
  for (const [uid, { name, hasState }] of Object.entries(operators)) {
    if (!hasState || uids.has(uid)) continue;
    throw new JobError(
      "RESTORE_MISMATCH",
      `checkpoint ${checkpointId} holds state of "${name}" (uid ${uid}), and no operator of the job "${graph.jobName}" has this uid. Give the operator that goes on with it .uid("${uid}"); ` +
        `or leave that state out, with { "execution.state-recovery.ignore-unclaimed-state": true }; or start afresh in another storage or under another name`,
      { operator: name },
    );
  }
}
