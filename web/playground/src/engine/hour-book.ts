/**
 * The windows by hour of event time, over all airports: what was read of each, what has fired and what was corrected. The first is told by the source, the others are
 * counted from results.
 */

const HOUR_MS = 3_600_000;
/** Power of two; more than the bars reach back. */
const HOURS = 8_192;
export const BARS = 48;
/** Hours a bar. */
const BAR_HOURS = [1, 6, 24, 168] as const;
/** Bars that pass in a second, at most, before they are made coarser; and when finer ones would pass slowly enough. */
const BARS_PER_SECOND_MAX = 16;
const BARS_PER_SECOND_FINER = 8;
/** How long a window that has fired is shown as fresh. */
const FRESH_MS = 300;
/** How long bars may still change after the last news: what was fresh fades, and the watermark of the last sample comes. */
const SETTLED_MS = 1_000;
const ALLOWED_LATENESS_MS = HOUR_MS;

/** What is drawn: numbers of flights, by bar. */
export interface HourBars {
  readonly barHours: number;
  /** Start of the first bar, ms since the epoch. */
  readonly from: number;
  /** In windows that have not fired. */
  readonly waiting: readonly number[];
  /** In first results. */
  readonly fired: readonly number[];
  /** As `fired`, of the last moment. */
  readonly fresh: readonly number[];
  /** Late, in corrected results. */
  readonly corrected: readonly number[];
  /** Later than the allowed lateness: what is left of an hour that nothing can change any more. */
  readonly tooLate: readonly number[];
}

export class HourBook {
  /** The hour that has each place. */
  readonly #owner = new Int32Array(HOURS).fill(-1);
  readonly #read = new Int32Array(HOURS);
  readonly #fired = new Int32Array(HOURS);
  readonly #corrected = new Int32Array(HOURS);
  readonly #firedAt = new Float64Array(HOURS);
  #oldestHour = Infinity;
  #newestHour = -1;
  #level = 0;
  #changedAt = -Infinity;

  /** `at` is wall-clock time, ms, here as below. */
  addRead(hours: Int32Array, counts: Int32Array, at: number): void {
    this.#changedAt = at;
    for (let i = 0; i < hours.length; i += 1) {
      const place = this.#placeOf(hours[i]!);
      if (0 <= place) this.#read[place]! += counts[i]!;
    }
  }

  addResult(hourStart: number, flights: number, isCorrected: boolean, at: number): void {
    this.#changedAt = at;
    const place = this.#placeOf(hourStart / HOUR_MS);
    if (place < 0) return;
    // A correction is caused by one late flight, and counts all of them anew.
    if (isCorrected) this.#corrected[place]! += 1;
    else {
      this.#fired[place]! += flights;
      this.#firedAt[place] = at;
    }
  }

  /** Chooses how much a bar stands for, by how fast event time passes. */
  adjust(eventHoursPerSecond: number): void {
    const finer = BAR_HOURS[this.#level - 1];
    const coarser = BAR_HOURS[this.#level + 1];
    if (coarser !== undefined && BARS_PER_SECOND_MAX < eventHoursPerSecond / BAR_HOURS[this.#level]!) this.#level += 1;
    else if (finer !== undefined && eventHoursPerSecond / finer < BARS_PER_SECOND_FINER) this.#level -= 1;
  }

  /** Undefined where nothing has changed since they were last asked for. */
  bars(watermark: number, now: number): HourBars | undefined {
    if (this.#newestHour < 0 || SETTLED_MS < now - this.#changedAt) return undefined;
    const barHours = BAR_HOURS[this.#level]!;
    // From the left, until there is more than fits.
    const first = Math.max(Math.floor(this.#newestHour / barHours) - BARS + 1, Math.floor(this.#oldestHour / barHours)) * barHours;
    const zeros = (): number[] => Array.from({ length: BARS }, () => 0);
    const bars = { barHours, from: first * HOUR_MS, waiting: zeros(), fired: zeros(), fresh: zeros(), corrected: zeros(), tooLate: zeros() };
    for (let index = 0; index < BARS * barHours; index += 1) {
      const hour = first + index;
      const place = hour & (HOURS - 1);
      if (this.#owner[place] !== hour) continue;
      const bar = Math.floor(index / barHours);
      const fired = this.#fired[place]!;
      const corrected = this.#corrected[place]!;
      const rest = Math.max(0, this.#read[place]! - fired - corrected);
      const isClosed = (hour + 1) * HOUR_MS - 1 + ALLOWED_LATENESS_MS <= watermark;
      bars.fired[bar]! += fired;
      bars.corrected[bar]! += corrected;
      bars[isClosed ? "tooLate" : "waiting"][bar]! += rest;
      if (now - this.#firedAt[place]! < FRESH_MS) bars.fresh[bar]! += fired;
    }
    return bars;
  }

  /** −1 for an hour so old that its place has another owner. */
  #placeOf(hour: number): number {
    const place = hour & (HOURS - 1);
    const owner = this.#owner[place]!;
    if (owner === hour) return place;
    if (hour < owner) return -1;
    this.#owner[place] = hour;
    this.#read[place] = 0;
    this.#fired[place] = 0;
    this.#corrected[place] = 0;
    this.#firedAt[place] = -Infinity;
    if (this.#newestHour < hour) this.#newestHour = hour;
    if (hour < this.#oldestHour) this.#oldestHour = hour;
    return place;
  }
}
