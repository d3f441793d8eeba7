import type { AccumulatorData } from "../functions/accumulators.ts";
import type { JobErrorData } from "../lib/error-data.ts";
import type { AccumulatorValues, MetricsData } from "./protocol.ts";
import type { RemoteMember } from "./remote-member.ts";

/** What the members of a job have counted, as far as they have told. */
export class MemberReports {
  readonly #alive: ReadonlySet<RemoteMember>;
  readonly #metrics = new Map<RemoteMember, readonly MetricsData[]>();
  /** Who has not answered yet. */
  readonly #asked = new Set<RemoteMember>();
  #then: (() => void) | undefined;

  constructor(alive: ReadonlySet<RemoteMember>) {
    this.#alive = alive;
  }

  /** Calls back once all have told, or are gone. A newer question takes the place of an older one. */
  ask(then: () => void): void {
    this.#then = then;
    for (const member of this.#alive) {
      this.#asked.add(member);
      member.send({ kind: "report" });
    }
    this.#look();
  }

  told(member: RemoteMember, metrics: readonly MetricsData[]): void {
    this.#metrics.set(member, metrics);
    this.gone(member);
  }

  gone(member: RemoteMember): void {
    this.#asked.delete(member);
    this.#look();
  }

  of(member: RemoteMember): readonly MetricsData[] {
    return this.#metrics.get(member) ?? [];
  }

  #look(): void {
    const then = this.#then;
    if (0 < this.#asked.size || then === undefined) return;
    this.#then = undefined;
    then();
  }
}

/**
 * Merges the accumulators of all members. They go from one to the next, each of which adds its own: only where one was made is its class known. One round at a time; others wait.
 */
export class AccumulatorRounds {
  readonly #alive: ReadonlySet<RemoteMember>;
  readonly #waiting: ((values: AccumulatorValues | JobErrorData) => void)[] = [];
  #left: RemoteMember[] = [];
  /** Who has been asked, and what it was given. */
  #asked: { readonly member: RemoteMember; readonly merged: readonly AccumulatorData[] } | undefined;

  constructor(alive: ReadonlySet<RemoteMember>) {
    this.#alive = alive;
  }

  ask(then: (values: AccumulatorValues | JobErrorData) => void): void {
    this.#waiting.push(then);
    if (this.#waiting.length === 1) this.#begin();
  }

  told(member: RemoteMember, merged: readonly AccumulatorData[] | JobErrorData): void {
    if (this.#asked?.member !== member) return;
    if ("code" in merged) this.#answer(merged);
    else this.#goOn(merged);
  }

  /** It adds nothing any more. */
  gone(member: RemoteMember): void {
    if (this.#asked?.member === member) this.#goOn(this.#asked.merged);
  }

  #begin(): void {
    this.#left = [...this.#alive];
    this.#goOn([]);
  }

  #goOn(merged: readonly AccumulatorData[]): void {
    let next = this.#left.shift();
    while (next !== undefined && !this.#alive.has(next)) next = this.#left.shift();
    this.#asked = next === undefined ? undefined : { member: next, merged };
    if (next !== undefined) {
      next.send({ kind: "accumulators", merged });
      return;
    }
    this.#answer(merged.map(({ name, value }) => [name, value]));
  }

  #answer(values: AccumulatorValues | JobErrorData): void {
    this.#asked = undefined;
    this.#waiting.shift()?.(values);
    if (0 < this.#waiting.length) this.#begin();
  }
}
