import type { KeyId } from "../data/key.ts";
import { AddressSet } from "./change-log.ts";
import type { FoldCandidate } from "./fold-choice.ts";
import type { KeyedComponent, Namespace } from "./keyed-state.ts";

export interface GroupToFold {
  /** Of its base as it is. */
  readonly bytes: number;
  /** Of its entries, by component. */
  readonly addresses: ReadonlyMap<KeyedComponent, AddressSet>;
}

/**
 * Key groups that coming checkpoints write anew, the worst first, with the addresses of what lies in them. To find these takes a look at everything, which is done once
 * for several checkpoints and in small pieces, so that what a checkpoint does at once is only to write. What changes meanwhile is added.
 */
export class FoldQueue {
  /** Components whose addresses were looked at. Of any other, nothing is known here. */
  readonly known: ReadonlySet<KeyedComponent>;
  readonly #groups: FoldCandidate[];
  readonly #addresses: ReadonlyMap<number, Map<KeyedComponent, AddressSet>>;

  constructor(groups: readonly FoldCandidate[], known: ReadonlySet<KeyedComponent>) {
    this.known = known;
    this.#groups = [...groups];
    this.#addresses = new Map(groups.map(({ group }) => [group, new Map([...known].map((component) => [component, new AddressSet()]))]));
  }

  get isEmpty(): boolean {
    return this.#groups.length === 0;
  }

  /** May be told an address twice, and one where there is nothing. */
  add(group: number, component: KeyedComponent, key: KeyId, namespace: Namespace): void {
    this.#addresses.get(group)?.get(component)?.add(key, namespace);
  }

  /** Takes the next groups out, until their bases come to the budget. */
  take(budget: number): ReadonlyMap<number, GroupToFold> {
    const taken = new Map<number, GroupToFold>();
    for (let left = budget; 0 < left; ) {
      const next = this.#groups.shift();
      if (next === undefined) break;
      taken.set(next.group, { bytes: next.cost, addresses: this.#addresses.get(next.group)! });
      left -= next.cost;
    }
    return taken;
  }
}
