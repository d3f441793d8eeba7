import type { Tally } from "../../../../examples/flights/delays.ts";
import { startEngine, type EngineRemote } from "../engine/engine-client.ts";
import type { Failure, Frame, JobPlan, Phase, Sample } from "../engine/engine.ts";
import type { HourBars } from "../engine/hour-book.ts";
import { History } from "./history.ts";
import { Settings } from "./settings.svelte.ts";

const ENDED: ReadonlySet<Phase> = new Set(["finished", "canceled", "failed"]);
/** Frames that are still asked for after the end: the last results come behind it. */
const FRAMES_AFTER_END = 40;
/** From an answer to the next question: nothing of what is drawn changes faster. */
const REST_MS = 40;

/**
 * The page's hold on the engine. Some twenty times a second, in a frame of its own and never before the last answer is there, it asks for what is new, so that drawing can
 * fall behind the engine but never pile up; a hidden page asks for nothing.
 */
export class Session {
  readonly settings = new Settings();
  readonly history = new History();
  phase = $state<Phase>("ready");
  loading = $state.raw<Frame["loading"]>();
  plan = $state.raw<JobPlan>();
  sample = $state.raw<Sample>();
  hours = $state.raw<HourBars>();
  failure = $state.raw<Failure>();
  summary = $state.raw<Tally>();
  #engine: EngineRemote | undefined;
  #run = -1;
  /** Calls that were made: what a frame says of the phase is old where it was asked for before the last of them. */
  #calls = 0;
  #isAsking = false;
  #framesLeft = 0;

  get isActive(): boolean {
    return this.phase !== "ready" && !ENDED.has(this.phase);
  }

  get hasEnded(): boolean {
    return ENDED.has(this.phase);
  }

  async start(): Promise<void> {
    this.failure = undefined;
    this.phase = "loading";
    await this.#call((engine) => engine.start(this.settings.runOptions));
    this.#ask();
  }

  /** What the space bar does. */
  async toggle(): Promise<void> {
    if (!this.isActive) return this.start();
    if (this.phase === "paused") {
      this.phase = "running";
      return this.#call((engine) => engine.resume());
    }
    if (this.phase !== "running") return;
    this.phase = "paused";
    return this.#call((engine) => engine.pause());
  }

  stop(): Promise<void> {
    this.phase = "stopping";
    return this.#call((engine) => engine.stop());
  }

  cancel(): Promise<void> {
    return this.#call((engine) => engine.cancel());
  }

  async setRateStop(stop: number): Promise<void> {
    this.settings.rateStop = stop;
    if (this.isActive) await this.#call((engine) => engine.setRate(this.settings.rate));
  }

  async setWorkers(workers: number): Promise<void> {
    this.settings.workers = workers;
    if (this.isActive) await this.#call((engine) => engine.setWorkers(workers));
  }

  /** What becomes of a job is told by frames; a call that fails means that there is no job, or no engine. */
  async #call(call: (engine: EngineRemote) => Promise<void>): Promise<void> {
    this.#engine ??= startEngine((error) => this.#lose(error)).remote;
    this.#calls += 1;
    try {
      await call(this.#engine);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #ask(): void {
    this.#framesLeft = FRAMES_AFTER_END;
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#askInFrame();
  }

  #askInFrame(): void {
    requestAnimationFrame(() => void this.#askOnce());
  }

  async #askOnce(): Promise<void> {
    const engine = this.#engine;
    const calls = this.#calls;
    this.#isAsking = false;
    if (engine === undefined) return;
    try {
      const frame = await engine.frame({ run: this.#run, sample: this.sample?.number ?? -1 });
      this.#show(frame, calls === this.#calls);
    } catch {
      // The engine is gone, which was told already.
      return;
    }
    this.#framesLeft = this.hasEnded ? this.#framesLeft - 1 : FRAMES_AFTER_END;
    if (this.#framesLeft <= 0 || this.#isAsking) return;
    this.#isAsking = true;
    setTimeout(() => this.#askInFrame(), REST_MS);
  }

  #show(frame: Frame, isPhaseNew: boolean): void {
    if (frame.run !== this.#run) {
      this.#run = frame.run;
      this.plan = frame.plan;
      this.sample = undefined;
      this.hours = undefined;
      this.history.clear();
    }
    // A job that was refused is none that the engine knows of.
    if (isPhaseNew && this.failure === undefined) this.phase = frame.phase;
    this.loading = frame.loading;
    this.summary = frame.summary;
    if (frame.hours !== undefined) this.hours = frame.hours;
    if (frame.failure !== undefined) this.failure = frame.failure;
    if (frame.sample === undefined) return;
    this.history.add(frame.sample);
    this.sample = frame.sample;
  }

  #lose(error: Error): void {
    this.#engine = undefined;
    this.#run = -1;
    this.#fail(error);
  }

  #fail(cause: unknown): void {
    this.phase = "failed";
    this.failure = { message: cause instanceof Error ? cause.message : String(cause) };
  }
}
