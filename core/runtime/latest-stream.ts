/** Values of which only the newest counts: one that nobody has taken gives way to the next. */
export class LatestStream<T> implements AsyncIterableIterator<T> {
  readonly #onReturn: () => void;
  #latest: { readonly value: T } | undefined;
  #reader: ((result: IteratorResult<T, undefined>) => void) | undefined;
  #hasEnded = false;

  /** `onReturn` is called where whoever takes stops before the end. */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  set(value: T): void {
    this.#latest = { value };
    this.#give();
  }

  /** The newest value can still be taken. */
  end(): void {
    this.#hasEnded = true;
    this.#give();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve) => {
      // A second call before the first is answered shares its answer.
      const earlier = this.#reader;
      this.#reader = (result) => {
        earlier?.(result);
        resolve(result);
      };
      this.#give();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#latest = undefined;
    if (!this.#hasEnded) this.#onReturn();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  #give(): void {
    const reader = this.#reader;
    if (reader === undefined || (this.#latest === undefined && !this.#hasEnded)) return;
    this.#reader = undefined;
    const latest = this.#latest;
    this.#latest = undefined;
    reader(latest === undefined ? { done: true, value: undefined } : { done: false, value: latest.value });
  }
}
