import type { KeyId } from "../data/key.ts";
import type { PaneTable } from "./pane-table.ts";

/** Below this many panes, comparing them costs less than counting the panes of every key group. */
const COUNTED_PANES_MIN = 64;

/** The slots of a table in the order in which its panes fire: by key group, then position. */
export function slotsInOrder({ contents, groups, positions, slotsEnd }: PaneTable<unknown>, keyGroupCount: number): Uint32Array {
  const slots = new Uint32Array(slotsEnd);
  let count = 0;
  for (let slot = 1; slot < slotsEnd; slot += 1) {
    if (contents[slot] === undefined) continue;
    slots[count] = slot;
    count += 1;
  }
  return inOrder(slots.subarray(0, count), groups, positions, keyGroupCount);
}

/** The keys of several tables in the order in which they fire; of a key that is in several of them, the first one counts. */
export function keysInOrder(tables: readonly PaneTable<unknown>[], keyGroupCount: number): readonly KeyId[] {
  const keys: KeyId[] = [];
  const groups: number[] = [];
  const positions: number[] = [];
  const met = new Set<KeyId>();
  for (const table of tables) {
    table.forEach((slot) => {
      const key = table.keys[slot]!;
      if (met.has(key)) return;
      met.add(key);
      keys.push(key);
      groups.push(table.groups[slot]!);
      positions.push(table.positions[slot]!);
    });
  }
  return Array.from(inOrder(Uint32Array.from(keys.keys()), groups, positions, keyGroupCount), (index) => keys[index]!);
}

/** Sorts the indexes of panes of one window. They nearly always come by position, so counting by group is enough. */
function inOrder(indexes: Uint32Array, groups: ArrayLike<number>, positions: ArrayLike<number>, keyGroupCount: number): Uint32Array {
  const compare = (a: number, b: number): number => groups[a]! - groups[b]! || positions[a]! - positions[b]!;
  if (indexes.length < COUNTED_PANES_MIN) return indexes.sort(compare);
  const next = new Uint32Array(keyGroupCount + 1);
  for (const index of indexes) next[groups[index]! + 1]! += 1;
  for (let group = 1; group <= keyGroupCount; group += 1) next[group]! += next[group - 1]!;
  const ordered = indexes.slice();
  for (const index of indexes) {
    const group = groups[index]!;
    ordered[next[group]!] = index;
    next[group]! += 1;
  }
  for (let at = 1; at < ordered.length; at += 1) {
    if (0 < compare(ordered[at - 1]!, ordered[at]!)) return ordered.sort(compare);
  }
  return ordered;
}
