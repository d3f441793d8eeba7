import type { StageSpec } from "./job-spec.ts";
import type { Model } from "./models.ts";
import type { Row } from "./rows.ts";

/** What is known of one operator of a random job. */
export interface NodeFacts {
  /** Undefined where no model foretells what it gives. */
  readonly model: (() => Model) | undefined;
  readonly isKeyed: boolean;
  /** Whether rows of every key come to it. */
  readonly seesEveryKey?: boolean;
  /** The rows of a source. */
  readonly rows?: readonly Row[];
  readonly stage?: StageSpec;
}

/** Names operators uniquely and notes what is known of them. */
export class FactBook {
  readonly facts = new Map<string, NodeFacts>();

  add<S extends { name(name: string): unknown }>(stream: S, kind: string, facts: Partial<NodeFacts>): S {
    const name = `${kind} ${this.facts.size}`;
    stream.name(name);
    this.facts.set(name, { model: undefined, isKeyed: false, ...facts });
    return stream;
  }
}
