import type { FunctionScope } from "../functions/function-binding.ts";
import type { Collector } from "../functions/collector.ts";
import { show } from "../lib/show.ts";
import type { OperatorContext, SuspendedWork } from "./operator.ts";

/**
 * Emits what a user's iterable gives, element by element, while the outputs have credit. It may be endless for all the engine cares. In between, what is left
 * is in the iterator and nowhere else, so no snapshot can be taken.
 */
export class IterablePuller<R> implements SuspendedWork {
  readonly snapshotable = false;
  readonly #context: OperatorContext;
  readonly #collector: Collector<R>;
  readonly #scope: FunctionScope;
  #iterator: Iterator<R> | undefined;
  #record: unknown;
  #timestamp = 0;
  /** Pulled, and held back because the outputs had no credit. */
  #held: IteratorResult<R> | undefined;

  /** `scope` is that of the function that gave the iterable: a generator goes on running in it. */
  constructor(context: OperatorContext, collector: Collector<R>, scope: FunctionScope) {
    this.#context = context;
    this.#collector = collector;
    this.#scope = scope;
  }

  /** Emits all of `iterable`, now or later; undefined is none. `record` and `timestamp` are what it was made from. */
  pull(iterable: Iterable<R> | void, record: unknown, timestamp: number): void {
    if (iterable === undefined || iterable === null) return;
    this.#record = record;
    this.#timestamp = timestamp;
    this.#iterator = this.#iteratorOf(iterable);
    const first = this.#next();
    if (first.done === true) return;
    this.#collector.collect(first.value);
    if (!this.resume()) this.#context.suspend(this);
  }

  resume(): boolean {
    for (;;) {
      const next = this.#held ?? this.#next();
      this.#held = undefined;
      if (next.done === true) return true;
      if (!this.#context.mayContinue()) {
        this.#held = next;
        return false;
      }
      this.#collector.collect(next.value);
    }
  }

  /** Ends an iterator that was not pulled to its end, so that a generator's `finally` runs. */
  close(): void {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    if (iterator?.return === undefined) return;
    const outer = this.#scope.enter();
    try {
      iterator.return();
    } catch (cause) {
      throw this.#context.userError(cause, this.#record, this.#timestamp);
    }
    this.#scope.leave(outer);
  }

  #iteratorOf(iterable: Iterable<R>): Iterator<R> {
    try {
      if (typeof iterable[Symbol.iterator] !== "function") {
        throw new TypeError(
          `flatMap must return an iterable, such as an array or a generator, or nothing after out.collect(…), but returned ${show(iterable)}` +
            (iterable instanceof Promise ? "; a function of a stream cannot be async" : ""),
        );
      }
      return iterable[Symbol.iterator]();
    } catch (cause) {
      throw this.#context.userError(cause, this.#record, this.#timestamp);
    }
  }

  #next(): IteratorResult<R> {
    const outer = this.#scope.enter();
    let next: IteratorResult<R>;
    try {
      next = this.#iterator!.next();
    } catch (cause) {
      this.#iterator = undefined;
      throw this.#context.userError(cause, this.#record, this.#timestamp);
    }
    this.#scope.leave(outer);
    if (next.done === true) {
      this.#iterator = undefined;
      this.#record = undefined;
    }
    return next;
  }
}
