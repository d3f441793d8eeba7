import flightsUrl from "../../../../node_modules/vega-datasets/data/flights-3m.parquet?url";
import type { RunOptions } from "../engine/engine.ts";

/** What a person sets before and while a job runs. */

export interface Dataset {
  readonly id: string;
  readonly title: string;
  readonly flights: number;
  /** What is fetched, MB. */
  readonly megabytes: number;
  readonly rowGroups: number;
}

export const DATASETS: readonly Dataset[] = [
  { id: "weeks", title: "17 days, 273 k flights", flights: 272_727, megabytes: 1.2, rowGroups: 1 },
  { id: "half-year", title: "6 months, 3 M flights", flights: 3_000_000, megabytes: 13.5, rowGroups: 11 },
];

/** The stops of the rate's slider; the last one is as fast as it can. */
export const RATES: readonly (number | undefined)[] = [
  100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, undefined,
];
const RATE_DEFAULT = 5_000;

export const WORKERS_MAX = 4;

export class Settings {
  dataset = $state<Dataset>(DATASETS[0]!);
  isLooped = $state(true);
  workers = $state(2);
  rateStop = $state(RATES.indexOf(RATE_DEFAULT));

  get rate(): number | undefined {
    return RATES[this.rateStop];
  }

  get runOptions(): RunOptions {
    const { rowGroups } = this.dataset;
    const url = new URL(flightsUrl, document.baseURI).href;
    return { url, rowGroups, isLooped: this.isLooped, workers: this.workers, rate: this.rate };
  }
}
