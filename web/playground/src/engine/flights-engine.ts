import { MAX_WATERMARK, type ClusterJobClient } from "tamias";
import type { HourOfDelays, Tally } from "../../../../examples/flights/delays.ts";
import { WebCluster } from "tamias/web";
import type { FlightsArgs } from "../jobs/flights-job.ts";
import { listenToNews, type JobNews } from "../jobs/job-news.ts";
import { borrowWorker } from "./lent-workers.ts";
import { AirportBook } from "./airport-book.ts";
import type { Engine, Failure, Frame, JobPlan, Phase, RunOptions, Sample, Seen } from "./engine.ts";
import { HourBook } from "./hour-book.ts";
import { atRest, type Measures, Sampler } from "./sampler.ts";

const SAMPLE_MS = 200;
/** Between two pictures of the windows: to draw one costs the page some milliseconds. */
const HOURS_MS = 100;
/** A worker that puts millions of flights in order does not answer meanwhile. */
const HEARTBEAT_TIMEOUT_MS = 15_000;
const HOUR_MS = 3_600_000;

/** Holds one run of the flights job at a time, and makes pictures of it. */
export class FlightsEngine implements Engine {
  #options: RunOptions | undefined;
  #run: Run | undefined;
  #runs = 0;
  #isStarting = false;
  /** The same function for all runs, so that workers that have served one serve the next. */
  #script: () => Worker = () => {
    throw new Error("the page lends its workers first");
  };
  #cluster: { readonly workers: number; readonly cluster: WebCluster } | undefined;

  takeWorkersFrom(page: MessagePort): void {
    this.#script = () => borrowWorker(page);
  }

  async start(options: RunOptions): Promise<void> {
    this.#options = options;
    this.#isStarting = true;
    try {
      await this.#run?.cancel();
      this.#runs += 1;
      this.#run = await Run.begin(this.#runs, options, this.#clusterOf(options.workers), this.#script);
    } finally {
      this.#isStarting = false;
    }
  }

  pause(): void {
    this.#run?.setPaused(true);
  }

  resume(): void {
    this.#run?.setPaused(false);
  }

  setRate(rate: number | undefined): void {
    if (this.#options !== undefined) this.#options = { ...this.#options, rate };
    this.#run?.setRate(rate);
  }

  async setWorkers(workers: number): Promise<void> {
    if (this.#options === undefined || this.#run === undefined || this.#run.hasEnded) return;
    await this.start({ ...this.#options, workers });
  }

  async stop(): Promise<void> {
    await this.#run?.stop();
  }

  async cancel(): Promise<void> {
    await this.#run?.cancel();
  }

  /** The workers of the last run stay, with what they have loaded, where there are to be as many. */
  #clusterOf(workers: number): WebCluster {
    if (this.#cluster?.workers !== workers) {
      this.#cluster?.cluster.close();
      this.#cluster = { workers, cluster: new WebCluster({ workers, heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS }) };
    }
    return this.#cluster.cluster;
  }

  frame(seen: Seen): Frame {
    const frame = this.#run?.frame(seen) ?? { phase: "ready", run: -1 };
    return this.#isStarting ? { phase: "loading", run: seen.run } : frame;
  }
}

class Run {
  readonly #number: number;
  readonly #began = performance.now();
  readonly #hours = new HourBook();
  readonly #airports = new AirportBook();
  readonly #news: { close(): void };
  #job: ClusterJobClient | undefined;
  #plan: JobPlan | undefined;
  #rate: number | undefined;
  #isPaused = false;
  #isStopping = false;
  #loading: Frame["loading"];
  /** As `at` of samples. */
  #readingSince: number | undefined;
  #watermark = -Infinity;
  /** When the page got the last picture of the windows. */
  #hoursAt = -Infinity;
  #sample: Sample | undefined;
  #failure: Failure | undefined;
  #summary: Tally | undefined;

  private constructor(number: number, rate: number | undefined) {
    this.#number = number;
    this.#rate = rate;
    this.#news = listenToNews(channelOf(number), (news) => this.#takeNews(news));
  }

  static async begin(number: number, { rate, url, rowGroups, isLooped }: RunOptions, cluster: WebCluster, script: () => Worker): Promise<Run> {
    const run = new Run(number, rate);
    const args: FlightsArgs = { url, rowGroups, isLooped, channel: channelOf(number) };
    const job = await cluster.submit(script, args, { jobName: "flights" });
    job.throttle(rate);
    run.#job = job;
    run.#plan = job.plan;
    run.#watch(job, new Sampler(run.#plan));
    return run;
  }

  get hasEnded(): boolean {
    return ENDED.has(this.#phase);
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#job?.throttle(isPaused ? 0 : this.#rate);
  }

  setRate(rate: number | undefined): void {
    this.#rate = rate;
    if (!this.#isPaused) this.#job?.throttle(rate);
  }

  /** Whether it finishes or fails, the phase says. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#job?.stop().catch(() => undefined);
  }

  async cancel(): Promise<void> {
    await this.#job?.cancel();
  }

  frame(seen: Seen): Frame {
    const isNew = seen.run !== this.#number;
    const now = performance.now();
    const hours = isNew || HOURS_MS <= now - this.#hoursAt ? this.#hours.bars(this.#watermark, now) : undefined;
    if (hours !== undefined) this.#hoursAt = now;
    const hasSample = this.#sample !== undefined && (isNew || seen.sample < this.#sample.number);
    return {
      phase: this.#phase,
      run: this.#number,
      ...(isNew && this.#plan !== undefined ? { plan: this.#plan } : {}),
      ...(this.#loading === undefined ? {} : { loading: this.#loading }),
      ...(hours === undefined ? {} : { hours }),
      ...(hasSample ? { sample: this.#sample } : {}),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
      ...(this.#summary === undefined ? {} : { summary: this.#summary }),
    } as Frame;
  }

  get #phase(): Phase {
    const status = this.#job?.getJobStatus() ?? "CREATED";
    if (status === "FINISHED") return "finished";
    if (status === "CANCELED") return "canceled";
    if (status === "FAILED") return "failed";
    if (this.#isStopping) return "stopping";
    if (this.#isPaused) return "paused";
    return this.#readingSince === undefined ? "loading" : "running";
  }

  #watch(job: ClusterJobClient, sampler: Sampler): void {
    const results = this.#takeResults(job);
    void this.#takeSamples(job, sampler, results);
    void this.#takeSummary(job);
    job.result().catch((cause: unknown) => {
      if (job.getJobStatus() === "FAILED") this.#failure = failureOf(cause);
    });
  }

  async #takeSamples(job: ClusterJobClient, sampler: Sampler, results: Promise<void>): Promise<void> {
    for await (const { metrics } of job.reports({ everyMs: SAMPLE_MS })) {
      const at = performance.now() - this.#began;
      this.#take(sampler.take(metrics, at), at);
    }
    this.#news.close();
    await results;
    // The last results come behind the last report, and nothing is busy any more.
    if (this.#sample !== undefined) this.#take(atRest(this.#sample), this.#sample.at);
  }

  #take(measures: Measures, at: number): void {
    const before = this.#sample;
    if (before !== undefined && isTime(before.newest) && before.newest < measures.newest && isTime(measures.newest)) {
      this.#hours.adjust((((measures.newest - before.newest) / HOUR_MS) * 1_000) / (at - before.at));
    }
    this.#watermark = measures.watermark;
    const { windowsFired } = this.#airports;
    this.#sample = { ...measures, number: (before?.number ?? -1) + 1, at, readingMs: at - (this.#readingSince ?? at), windowsFired, airports: this.#airports.latest() };
  }

  /** What is thrown where results end is what made the job fail, which is told once. */
  async #takeResults(job: ClusterJobClient): Promise<void> {
    try {
      for await (const results of job.results<HourOfDelays>("hours")) {
        const at = performance.now();
        for (const result of results) {
          this.#hours.addResult(result.hour, result.flights, result.corrected, at);
          this.#airports.add(result);
        }
      }
    } catch {
      return;
    }
  }

  async #takeSummary(job: ClusterJobClient): Promise<void> {
    try {
      for await (const [summary] of job.results<Tally>("summary")) this.#summary = summary;
    } catch {
      return;
    }
  }

  #takeNews(news: JobNews): void {
    if (news.kind === "loading") {
      this.#loading = { rowsRead: news.rowsRead, rowsTotal: news.rowsTotal };
      return;
    }
    if (this.#readingSince === undefined) this.#readingSince = performance.now() - this.#began;
    this.#hours.addRead(news.hours, news.counts, performance.now());
  }
}

/** Before the first record, and behind the last, watermarks are no times. */
function isTime(watermark: number): boolean {
  return Number.isFinite(watermark) && watermark < MAX_WATERMARK;
}

const ENDED: ReadonlySet<Phase> = new Set(["finished", "canceled", "failed"]);

function channelOf(run: number): string {
  return `tamias-playground-${run}`;
}

function failureOf(cause: unknown): Failure {
  return { message: cause instanceof Error ? cause.message : String(cause) };
}
