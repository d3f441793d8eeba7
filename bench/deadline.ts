/** What goes on past the end is given so long; then it is ended without a result. */
const GRACE_MS = 10_000;
/** Timers take no longer times than this. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Until when there is time to measure. */
export class Deadline {
  readonly #endsAt: number;

  /** The end as `performance.now()` counts; Infinity: as long as it takes. */
  constructor(endsAt: number) {
    this.#endsAt = endsAt;
  }

  /** Whether what takes so long, begun now, ends in time. */
  fits(ms: number): boolean {
    return performance.now() + ms <= this.#endsAt;
  }

  /** What the work gives; undefined where it took much longer than there was time, and is still under way. */
  async within<T>(work: Promise<T>): Promise<T | undefined> {
    if (this.#endsAt === Infinity) return work;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, Math.min(this.#endsAt + GRACE_MS - performance.now(), TIMER_MS_MAX), undefined);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
