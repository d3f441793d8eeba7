import { assert } from "../lib/assert.ts";
import type { KeyId } from "../data/key.ts";
import { type Namespace, NO_NAMESPACE } from "./keyed-state.ts";
import type { SwitchedTracker } from "./keyed-store.ts";

/** A set of addresses, grouped by namespace. */
export class AddressSet {
  /** One namespace after the other is changed, in most jobs; this spares the look-up. */
  #lastNamespace: Namespace = NO_NAMESPACE;
  #lastKeys = new Set<KeyId>();
  readonly #keys = new Map<Namespace, Set<KeyId>>([[NO_NAMESPACE, this.#lastKeys]]);

  add(key: KeyId, namespace: Namespace): void {
    if (namespace !== this.#lastNamespace) this.#turnTo(namespace);
    this.#lastKeys.add(key);
  }

  addAll(other: AddressSet): void {
    other.forEach((key, namespace) => this.add(key, namespace));
  }

  forEach(visit: (key: KeyId, namespace: Namespace) => void): void {
    for (const [namespace, keys] of this.#keys) {
      for (const key of keys) visit(key, namespace);
    }
  }

  #turnTo(namespace: Namespace): void {
    let keys = this.#keys.get(namespace);
    if (keys === undefined) {
      keys = new Set();
      this.#keys.set(namespace, keys);
    }
    this.#lastNamespace = namespace;
    this.#lastKeys = keys;
  }
}

/** All addresses of several sets. */
export function union(sets: readonly AddressSet[]): AddressSet {
  if (sets.length === 1) return sets[0]!;
  const all = new AddressSet();
  for (const set of sets) all.addAll(set);
  return all;
}

interface Interval {
  /** The checkpoint whose snapshot began this interval. */
  readonly since: number;
  readonly changes: AddressSet;
}

/**
 * What changed in one component, by the intervals between snapshots. A checkpoint that is still running may complete
 * or fail, so every interval since the last completed one is kept. Before the first snapshot nothing is: a full base
 * is due then anyway.
 */
export class ChangeLog {
  readonly #tracker: SwitchedTracker;
  /** Ascending; the last one is the current one. Empty where changes need not be known. */
  readonly #intervals: Interval[] = [];

  constructor(tracker: SwitchedTracker) {
    this.#tracker = tracker;
  }

  /** A snapshot was taken for this checkpoint: changes from here on are not part of it. */
  begin(checkpointId: number): void {
    const last = this.#intervals.at(-1);
    assert(last === undefined || last.since < checkpointId, "checkpoints come in ascending order");
    this.#intervals.push({ since: checkpointId, changes: new AddressSet() });
    this.#turn();
  }

  /** What changed before this checkpoint's snapshot needs no delta any more. */
  completed(checkpointId: number): void {
    while (0 < this.#intervals.length && this.#intervals[0]!.since < checkpointId) this.#intervals.shift();
    this.#turn();
  }

  /**
   * No delta will start from this checkpoint: its interval becomes part of the one before, so that failures in a row
   * cost no memory.
   */
  aborted(checkpointId: number): void {
    const index = this.#intervals.findIndex(({ since }) => since === checkpointId);
    if (index < 0) return;
    const [aborted] = this.#intervals.splice(index, 1);
    if (0 < index) this.#intervals[index - 1]!.changes.addAll(aborted!.changes);
    this.#turn();
  }

  /** Everything that changed since the last completed checkpoint, interval by interval; the last one goes on growing until the next begins. */
  sinceCompleted(): readonly AddressSet[] {
    return this.#intervals.map(({ changes }) => changes);
  }

  /** Entries remember the interval, not the set: whenever the current set becomes another one, so must the interval. */
  #turn(): void {
    const current = this.#intervals.at(-1)?.changes;
    if (current === this.#tracker.changes) return;
    this.#tracker.changes = current;
    this.#tracker.interval += 1;
  }
}
