import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { Accumulator } from "./accumulator.ts";

type AnyAccumulator = Accumulator<never, unknown>;

/** An accumulator as plain data, merged so far, on its way from thread to thread. */
export interface AccumulatorData {
  readonly name: string;
  readonly className: string;
  /** What `toData` has returned. */
  readonly data: unknown;
  /** What it comes to. */
  readonly value: unknown;
}

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
    return new Map([...this.#byName.keys()].map((name) => [name, this.#merged(name).getLocalValue()]));
  }

  /**
   * What other threads have of the same run, with what is here merged into it.
   *
   * @throws JobError INVALID_ARGUMENT where a name stands for another class elsewhere; NOT_SERIALIZABLE, USER_FUNCTION_FAILED
   */
  mergedInto(others: readonly AccumulatorData[]): readonly AccumulatorData[] {
    const byName = new Map(others.map((other) => [other.name, other]));
    for (const name of this.#byName.keys()) {
      try {
        byName.set(name, this.#mergedWith(name, byName.get(name)));
      } catch (cause) {
        throw cause instanceof JobError ? cause : notMerged(name, cause);
      }
    }
    return [...byName.values()];
  }

  #mergedWith(name: string, other: AccumulatorData | undefined): AccumulatorData {
    const merged = this.#merged(name);
    if (other === undefined) return asData(name, merged);
    if (other.className !== classOf(merged)) throw otherClass(name, classOf(merged), other.className);
    return asData(name, withData(merged, other.data));
  }

  #merged(name: string): AnyAccumulator {
    const [first, ...others] = this.#byName.get(name)!;
    const merged = first!.clone();
    for (const other of others) merged.merge(other);
    return merged;
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
      throw otherClass(name, classOf(accumulator), classOf(first!));
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

function asData(name: string, accumulator: AnyAccumulator): AccumulatorData {
  const value = accumulator.getLocalValue();
  const data = { name, className: classOf(accumulator), data: accumulator.toData === undefined ? value : accumulator.toData(), value };
  try {
    return structuredClone(data);
  } catch (cause) {
    throw new JobError("NOT_SERIALIZABLE", `the value of accumulator ${show(name)}, a ${data.className}, cannot go to another thread: it must be plain data`, { cause });
  }
}

/** Those of others first: they are of earlier subtasks. */
function withData(own: AnyAccumulator, data: unknown): AnyAccumulator {
  const merged = own.clone();
  merged.resetLocal();
  if (merged.mergeData !== undefined) merged.mergeData(data);
  else merged.merge({ getLocalValue: () => data } as AnyAccumulator);
  merged.merge(own);
  return merged;
}

function notMerged(name: string, cause: unknown): JobError {
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new JobError("USER_FUNCTION_FAILED", `accumulator ${show(name)} cannot be merged with what another thread has of it: ${text}. Where getLocalValue() is not all that merge needs, give its class toData() and mergeData(data)`, { cause });
}

function otherClass(name: string, here: string, elsewhere: string): JobError {
  return new JobError("INVALID_ARGUMENT", `accumulator ${show(name)} is a ${here} here and a ${elsewhere} elsewhere in the job: give one of them another name`);
}

function classOf(accumulator: AnyAccumulator): string {
  return accumulator.constructor.name;
}
