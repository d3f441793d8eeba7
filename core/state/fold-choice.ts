import { type KeyedStateHandle, type KeyGroupHandle, partRefs, segmentBytes } from "./snapshot.ts";

export interface FoldCandidate {
  readonly group: number;
  /** Bytes of its base. */
  readonly cost: number;
}

/**
 * Which key groups a checkpoint writes anew, besides the deltas of those that changed.
 *
 * A group that is written anew costs about its base, and frees its deltas. It frees more where it points into parts that are mostly dead, since a part is stored until
 * nothing points into it: the dead bytes of parts less than half alive are charged to the groups that point there, by what each of them has in the part. Groups where
 * all this exceeds half the base are worth it, the worst first.
 *
 * The budget is what the deltas of the checkpoint come to, so that writing costs no more than twice the changes in the long run, and no checkpoint costs much more than
 * another: with changes all over the state, all groups become worth it at once. It suffices: a group whose deltas have come to its base frees as many bytes as it costs,
 * so deltas in all stay below the bases in all, apart from those of a few checkpoints and one group. What a restore replays is bounded by the same.
 */
export function groupsToFold(before: KeyedStateHandle, newBytesOf: (group: number) => number, budget: number): readonly FoldCandidate[] {
  const folded: FoldCandidate[] = [];
  if (budget <= 0) return folded;
  const deadPerLiveByte = deadBytesPerLiveByte(before);
  const candidates = before.groups
    .map((handle) => ({ group: handle.group, cost: segmentBytes(handle.base), waste: wasteOf(handle, deadPerLiveByte) + newBytesOf(handle.group) }))
    .filter(({ cost, waste }) => cost < 2 * waste)
    .sort((a, b) => b.waste * a.cost - a.waste * b.cost);
  let left = budget;
  for (const candidate of candidates) {
    if (left <= 0) break;
    folded.push(candidate);
    left -= candidate.cost;
  }
  return folded;
}

function wasteOf(handle: KeyGroupHandle, deadPerLiveByte: ReadonlyMap<string, number>): number {
  let waste = 0;
  for (const delta of handle.deltas) waste += segmentBytes(delta);
  for (const { part, length } of partRefs(handle)) waste += length * (deadPerLiveByte.get(part) ?? 0);
  return waste;
}

/** Of the parts that are less than half alive. */
function deadBytesPerLiveByte({ groups, parts }: KeyedStateHandle): ReadonlyMap<string, number> {
  const alive = new Map<string, number>();
  for (const handle of groups) {
    for (const { part, length } of partRefs(handle)) alive.set(part, (alive.get(part) ?? 0) + length);
  }
  const dead = new Map<string, number>();
  for (const [part, live] of alive) {
    const bytes = parts[part] ?? live;
    if (2 * live < bytes) dead.set(part, (bytes - live) / live);
  }
  return dead;
}
