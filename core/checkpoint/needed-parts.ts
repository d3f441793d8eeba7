import type { JobGraph } from "../graph/job-graph.ts";
import { keyGroupRange } from "../state/key-groups.ts";
import type { Manifest } from "./manifest.ts";

/** The parts that the subtasks here begin from: keyed state of their key groups, and operator state, all of it where it is to be shared out anew. */
export function partsNeededBy({ vertices }: JobGraph, { operators }: Manifest, isHere: (vertex: number, subtask: number) => boolean): Set<string> {
  const parts = new Set<string>();
  for (const { id, parallelism, maxParallelism, operators: chained } of vertices) {
    for (let subtask = 0; subtask < parallelism; subtask += 1) {
      if (!isHere(id, subtask)) continue;
      const range = keyGroupRange(subtask, parallelism, maxParallelism);
      for (const { uid } of chained) {
        const stored = operators[uid];
        stored?.subtasks.forEach(({ keyed, operatorPart }, index) => {
          if (stored.parallelism !== parallelism || index === subtask) parts.add(operatorPart);
          for (const { group, base, deltas } of keyed.groups) {
            if (group < range.first || range.last < group) continue;
            for (const segment of [base, ...deltas]) for (const { part } of segment) parts.add(part);
          }
        });
      }
    }
  }
  return parts;
}
