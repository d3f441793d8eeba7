import type { KeyId } from "../data/key.ts";
import type { Namespace } from "../state/keyed-state.ts";
import { spanText } from "./pane-layout.ts";
import type { Spanned } from "./window-map.ts";

/** What one key has in one window or slice. */
export interface HeapPane<Contents> {
  readonly key: KeyId;
  readonly group: number;
  position: number;
  contents: Contents;
  /** The tracker's interval in which the change of this pane was last reported. */
  reportedIn: number;
}

/** The panes of all keys in one window or slice. A session mostly has one key, and then needs no Map. */
export class PaneTable<Contents> implements Spanned {
  readonly start: number;
  readonly end: number;
  /** The address of its panes in snapshots. */
  readonly text: Namespace;
  #only: HeapPane<Contents> | undefined;
  /** Invariant: once there, it holds all panes, and `#only` is undefined. */
  #panes: Map<KeyId, HeapPane<Contents>> | undefined;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
    this.text = spanText(start, end);
  }

  get size(): number {
    if (this.#panes !== undefined) return this.#panes.size;
    return this.#only === undefined ? 0 : 1;
  }

  get(key: KeyId): HeapPane<Contents> | undefined {
    if (this.#panes !== undefined) return this.#panes.get(key);
    const only = this.#only;
    return only !== undefined && isSameKey(only.key, key) ? only : undefined;
  }

  set(pane: HeapPane<Contents>): void {
    if (this.#panes !== undefined) this.#panes.set(pane.key, pane);
    else if (this.#only === undefined || isSameKey(this.#only.key, pane.key)) this.#only = pane;
    else {
      this.#panes = new Map([[this.#only.key, this.#only], [pane.key, pane]]);
      this.#only = undefined;
    }
  }

  delete(key: KeyId): void {
    if (this.#panes !== undefined) this.#panes.delete(key);
    else this.#only = undefined;
  }

  /** In the order in which they were set. */
  panes(): Iterable<HeapPane<Contents>> {
    if (this.#panes !== undefined) return this.#panes.values();
    return this.#only === undefined ? [] : [this.#only];
  }
}

function isSameKey(a: KeyId, b: KeyId): boolean {
  // NaN is one key.
  return a === b || (a !== a && b !== b);
}

/** Below this many panes, comparing them costs less than counting the panes of every key group. */
const COUNTED_PANES_MIN = 64;

/** Sorts panes of one window by key group, then position. They nearly always come by position, so counting by group is enough. */
export function inFiringOrder<Contents>(panes: HeapPane<Contents>[], keyGroupCount: number): HeapPane<Contents>[] {
  if (panes.length < COUNTED_PANES_MIN) return panes.sort(byGroupAndPosition);
  const next = new Uint32Array(keyGroupCount + 1);
  for (const { group } of panes) next[group + 1]! += 1;
  for (let group = 1; group <= keyGroupCount; group += 1) next[group]! += next[group - 1]!;
  const ordered = panes.slice();
  for (const pane of panes) {
    ordered[next[pane.group]!] = pane;
    next[pane.group]! += 1;
  }
  for (let index = 1; index < ordered.length; index += 1) {
    if (0 < byGroupAndPosition(ordered[index - 1]!, ordered[index]!)) return ordered.sort(byGroupAndPosition);
  }
  return ordered;
}

function byGroupAndPosition<Contents>(a: HeapPane<Contents>, b: HeapPane<Contents>): number {
  return a.group - b.group || a.position - b.position;
}
