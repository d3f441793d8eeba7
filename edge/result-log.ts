import type { JobStatus } from "../core/api/executor.ts";
import { assert } from "../core/lib/assert.ts";

/** Results of a job that are kept for readers who come late, or come again. */
export const RESULTS_MAX = 10_000;
/** UTF-16 code units of their text. Large results leave room for fewer. */
export const RESULT_UNITS_MAX = 2 ** 22;

/** How a job ended. */
export interface Outcome {
  readonly status: JobStatus;
  readonly error?: { readonly code: string; readonly message: string };
}

/** The last results of a job as JSON, numbered from 1 on, and how it ended. */
export class ResultLog {
  readonly #texts: string[] = [];
  readonly #firstId: number;
  #units = 0;
  #oldestId: number;
  #nextId: number;
  #outcome: Outcome | undefined;
  readonly #waiting = new Set<() => void>();

  /** `firstId` is that of the first result here: greater than those of logs of the same results that are lost. */
  constructor(firstId: number = 1) {
    this.#firstId = firstId;
    this.#oldestId = firstId;
    this.#nextId = firstId;
  }

  /** Results that there were. */
  get count(): number {
    return this.#nextId - this.#firstId;
  }

  /** The id of the oldest result that is still here, or of the next one. */
  get oldestId(): number {
    return this.#oldestId;
  }

  /** The id that the next result gets. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Undefined until the last result is here. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  append(results: readonly unknown[]): void {
    for (const result of results) {
      const text = JSON.stringify(result, bigintsAsText) ?? "null";
      if (this.#nextId - this.#oldestId === RESULTS_MAX) this.#forgetOldest();
      this.#texts[this.#nextId % RESULTS_MAX] = text;
      this.#nextId += 1;
      this.#units += text.length;
      while (RESULT_UNITS_MAX < this.#units && this.#oldestId < this.#nextId - 1) this.#forgetOldest();
    }
    this.#wake();
  }

  /** The first call counts. */
  end(outcome: Outcome): void {
    this.#outcome ??= outcome;
    this.#wake();
  }

  at(id: number): string {
    assert(this.#oldestId <= id && id < this.#nextId, "a result is read while it is here");
    return this.#texts[id % RESULTS_MAX]!;
  }

  /** Calls back, once, when there is more; the function it returns ends that. */
  onMore(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => void this.#waiting.delete(wake);
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  #forgetOldest(): void {
    const slot = this.#oldestId % RESULTS_MAX;
    this.#units -= this.#texts[slot]!.length;
    this.#texts[slot] = "";
    this.#oldestId += 1;
  }
}

/** JSON has no integers beyond 2^53. */
function bigintsAsText(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
