import type { Scheduler } from "../host/host.ts";

type Outcome<T> = { readonly value: T } | { readonly error: Error };

/** Answers like a promise, by jobs of a scheduler: nothing is left to the platform's own queue. It is listened to once. */
export class SimulatedAnswer<T> {
  readonly #scheduler: Scheduler;
  #outcome: Outcome<T> | undefined;
  #listener: ((outcome: Outcome<T>) => void) | undefined;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  settle(outcome: Outcome<T>): void {
    this.#outcome = outcome;
    this.#tell();
  }

  then(onValue: (value: T) => void, onError: (error: unknown) => void): void {
    this.#listener = (outcome) => ("value" in outcome ? onValue(outcome.value) : onError(outcome.error));
    this.#tell();
  }

  #tell(): void {
    const outcome = this.#outcome;
    const listener = this.#listener;
    if (outcome !== undefined && listener !== undefined) this.#scheduler.post(() => listener(outcome));
  }
}
