import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { Accumulator } from "./accumulator.ts";

type AnyAccumulator = Accumulator<never, unknown>;

/**
 * To which run of a job an accumulator belongs. Function objects outlive a run: when the next attempt, or the next `execute`, registers the same
 * accumulator object again, it must not bring along what the last one counted.
 */
const runs: WeakMap<AnyAccumulator, Accumulators> = /* @__PURE__ */ new WeakMap();

/**
 * The accumulators of one run of a job in one process: each subtask adds its own, and the result has each name once, merged.
 *
 * A function object that serves several subtasks may give the same accumulator object for all of them; it counts once.
 */
export class Accumulators {
  readonly #byName = new Map<string, Set<AnyAccumulator>>();

  /** The registry of one subtask of one operator. */
  forSubtask(): SubtaskAccumulators {
    return new SubtaskAccumulators((name, accumulator) => this.#add(name, accumulator));
  }

  /** The value of each name, merged over all operators and subtasks, in the order in which the names came. May be called at any time. */
  results(): ReadonlyMap<string, unknown> {
    const results = new Map<string, unknown>();
    for (const [name, accumulators] of this.#byName) {
      const [first, ...others] = accumulators;
      const merged = first!.clone();
      for (const other of others) merged.merge(other);
      results.set(name, merged.getLocalValue());
    }
    return results;
  }

  #add(name: string, accumulator: AnyAccumulator): void {
    if (runs.get(accumulator) !== this) {
      if (runs.has(accumulator)) accumulator.resetLocal();
      runs.set(accumulator, this);
    }
    const present = this.#byName.get(name);
    if (present === undefined) {
      this.#byName.set(name, new Set([accumulator]));
      return;
    }
    const [first] = present;
    if (first!.constructor !== accumulator.constructor) {
      throw new JobError(
        "INVALID_ARGUMENT",
        `accumulator ${show(name)} is a ${classOf(accumulator)} here and a ${classOf(first!)} elsewhere in the job: give one of them another name`,
      );
    }
    present.add(accumulator);
  }
}

/** What one subtask has registered: a name is taken once. */
export class SubtaskAccumulators {
  readonly #own = new Map<string, AnyAccumulator>();
  readonly #onAdd: (name: string, accumulator: AnyAccumulator) => void;

  constructor(onAdd: (name: string, accumulator: AnyAccumulator) => void) {
    this.#onAdd = onAdd;
  }

  /** @throws JobError INVALID_ARGUMENT when the name is taken in this subtask by another accumulator, or in the job by one of another class. */
  add(name: string, accumulator: AnyAccumulator): void {
    const present = this.#own.get(name);
    if (present === accumulator) return;
    if (present !== undefined) {
      throw new JobError("INVALID_ARGUMENT", `accumulator ${show(name)} is registered already in this operator: give the second one another name`);
    }
    this.#onAdd(name, accumulator);
    this.#own.set(name, accumulator);
  }
}

function classOf(accumulator: AnyAccumulator): string {
  return accumulator.constructor.name;
}
