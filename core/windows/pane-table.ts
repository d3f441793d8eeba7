import type { KeyId } from "../data/key.ts";
import { KeyMap } from "../data/key-map.ts";
import type { Namespace } from "../state/keyed-state.ts";
import { spanText } from "./pane-layout.ts";
import type { Spanned } from "./window-map.ts";

/** What one key has in one window or slice. What every record asks for comes first, and lies in one line of the processor's cache. */
export interface HeapPane<Contents> {
  contents: Contents;
  /** The tracker's interval in which the change of this pane was last reported. */
  reportedIn: number;
  readonly key: KeyId;
  readonly group: number;
  position: number;
}

/** The panes of all keys in one window or slice. */
export class PaneTable<Contents> implements Spanned {
  readonly start: number;
  readonly end: number;
  /** The address of its panes in snapshots. */
  readonly text: Namespace;
  readonly #byKey: KeyMap<HeapPane<Contents>>;
  /** In the order in which they came; undefined where that is lost. */
  #inOrder: HeapPane<Contents>[] | undefined = [];

  /** @param like a table that probably has the same keys */
  constructor(start: number, end: number, like: PaneTable<Contents> | undefined) {
    this.start = start;
    this.end = end;
    this.text = spanText(start, end);
    this.#byKey = new KeyMap(like === undefined ? undefined : like.#byKey);
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: KeyId): HeapPane<Contents> | undefined {
    return this.#byKey.get(key);
  }

  /** Adds a pane of a key that has none. */
  add(pane: HeapPane<Contents>): void {
    this.#byKey.set(pane.key, pane);
    this.#inOrder?.push(pane);
  }

  delete(key: KeyId): void {
    this.#byKey.delete(key);
    this.#inOrder = undefined;
  }

  /** Mostly in the order in which they came. */
  panes(): readonly HeapPane<Contents>[] {
    if (this.#inOrder === undefined) {
      const panes: HeapPane<Contents>[] = [];
      this.#byKey.forEach((pane) => panes.push(pane));
      this.#inOrder = panes;
    }
    return this.#inOrder;
  }
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
