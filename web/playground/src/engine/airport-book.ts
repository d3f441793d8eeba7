import type { HourOfDelays } from "../../../../examples/flights/delays.ts";

const SHOWN = 9;

/** The newest result of each airport. */
export class AirportBook {
  readonly #airports = new Map<string, { latest: HourOfDelays; flights: number }>();
  #windowsFired = 0;

  /** Windows, each of one hour and airport, that have given a result. */
  get windowsFired(): number {
    return this.#windowsFired;
  }

  add(result: HourOfDelays): void {
    // The first result of a window whose flights are all late is a correction too, and counts one.
    if (!result.corrected || result.flights === 1) this.#windowsFired += 1;
    const airport = this.#airports.get(result.origin);
    if (airport === undefined) {
      this.#airports.set(result.origin, { latest: result, flights: result.flights });
      return;
    }
    if (!result.corrected) airport.flights += result.flights;
    if (airport.latest.hour <= result.hour) airport.latest = result;
  }

  /** Of the airports with most flights: their order hardly changes, so that rows stay where eyes left them. */
  latest(): HourOfDelays[] {
    const airports = [...this.#airports.values()].sort((a, b) => b.flights - a.flights);
    return airports.slice(0, SHOWN).map(({ latest }) => latest);
  }
}
