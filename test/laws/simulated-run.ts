import { buildJobGraph } from "../../core/graph/job-graph.ts";
import { Prng } from "../../core/lib/prng.ts";
import { LocalJob, type JobOutcome, type RestorePoint } from "../../core/runtime/local-job.ts";
import { CheckpointDriver, MemoryParts } from "../../core/testing/checkpoint-driver.ts";
import { poisonState } from "../../core/testing/poison.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";
import { type Coverage, noCoverage } from "./coverage.ts";
import { buildJob, type BuiltJob } from "./job-builder.ts";
import type { JobSpec } from "./job-spec.ts";
import { Recorder } from "./recorder.ts";
import { Committed } from "./transactional-sink.ts";

/** More than any random job needs: one that takes longer hangs. */
const STEPS_MAX = 400_000;
/** Checkpoints that are given up, in one run: without an end to them a run would have none. */
const ABORTS_MAX = 12;
/** The clock also moves while there is work, one millisecond in so many steps. */
const STEPS_PER_MS = 50;

export interface FinishedRun {
  readonly spec: JobSpec;
  readonly built: BuiltJob;
  readonly recorder: Recorder;
  readonly committed: Committed;
  /** The attempt that has finished. */
  readonly job: LocalJob;
  readonly attempts: number;
  readonly checkpoints: number;
  readonly coverage: Coverage;
  /** Hash of every step in order: of what every operator took and gave, and when. */
  readonly fingerprint: string;
}

/** Runs a random job to its end on a simulated host, with checkpoints, some of them given up, and crashes, each followed by a restore. */
export function runJob(spec: JobSpec): FinishedRun {
  return new SimulatedRun(spec).run();
}

class SimulatedRun {
  readonly #spec: JobSpec;
  readonly #prng: Prng;
  readonly #recorder = new Recorder();
  readonly #committed = new Committed();
  readonly #parts = new MemoryParts();
  readonly #coverage = noCoverage();
  #parallelism: number;
  #built: BuiltJob;
  #host: SimulatedHost;
  #nextCheckpointId = 1;
  #point: RestorePoint | undefined;
  #attempts = 0;
  #checkpoints = 0;
  #crashesLeft: number;
  #steps = 0;
  #aborts = 0;
  #wasStarved = false;
  /** The last checkpoint that was taken while timers or panes were firing. */
  #lastInMidFiring = 0;

  constructor(spec: JobSpec) {
    this.#spec = spec;
    this.#prng = new Prng(spec.seed);
    this.#crashesLeft = spec.faults.crashes;
    this.#parallelism = spec.execution.parallelism;
    this.#built = this.#build();
    this.#host = new SimulatedHost({ seed: spec.seed });
  }

  run(): FinishedRun {
    for (;;) {
      const attempt = this.#start();
      if (!this.#crashes(attempt)) return this.#finished(attempt);
      this.#recover(attempt.job);
    }
  }

  #build(): BuiltJob {
    const { execution } = this.#spec;
    const built = buildJob({ ...this.#spec, execution: { ...execution, parallelism: this.#parallelism } }, this.#committed);
    return { ...built, graph: this.#recorder.record(built.graph) };
  }

  #start(): Attempt {
    const { credits, turnRecords, freeze } = this.#spec.execution;
    const state: { outcome: JobOutcome | undefined } = { outcome: undefined };
    const job = new LocalJob(buildJobGraph(this.#built.graph), {
      host: this.#host,
      attempt: this.#attempts,
      restore: this.#point,
      freeze,
      turnRecordsMax: turnRecords,
      channelCredits: credits,
      onEnd: (outcome) => {
        state.outcome = outcome;
      },
    });
    this.#attempts += 1;
    this.#recorder.onSnapshot = (checkpointId) => {
      if (job.tasks.some((tasks) => tasks.some((task) => 0 <= task.suspensions.highest))) this.#lastInMidFiring = checkpointId;
    };
    const attempt = { job, state, driver: new CheckpointDriver(job, { parts: this.#parts, firstId: this.#nextCheckpointId }) };
    job.start();
    if (this.#point !== undefined) this.#seeWhatWasRestored(job, this.#point);
    return attempt;
  }

  #seeWhatWasRestored(job: LocalJob, { manifest }: RestorePoint): void {
    const { operators } = manifest;
    if (job.graph.vertices.some((vertex) => vertex.operators.some(({ uid }) => operators[uid]!.parallelism !== vertex.parallelism))) this.#coverage["restored at another parallelism"] += 1;
    const tasks = job.tasks.flat();
    if (tasks.some((task) => 0 <= task.suspensions.highest)) this.#coverage["restored in mid-firing"] += 1;
    const timers = tasks.flatMap((task) => task.chain.links.map(({ context }) => context.timers));
    if (timers.some((timer) => 0 < timer.eventTimeCount + timer.processingTimeCount)) this.#coverage["restored with a timer pending"] += 1;
  }

  /** Runs the attempt until it ends (false) or a crash comes (true). */
  #crashes({ job, state, driver }: Attempt): boolean {
    const { checkpointEvery, patience } = this.#spec.faults;
    const crashAt = 0 < this.#crashesLeft ? this.#steps + 20 + this.#prng.int(400) : Infinity;
    let sinceCheckpoint = 0;
    let completed = 0;
    while (state.outcome === undefined) {
      if (this.#host.runUntilIdle(1) && state.outcome === undefined) throw new Error("the job hangs: nothing is left to run, and it has not ended");
      this.#steps += 1;
      if (this.#prng.int(STEPS_PER_MS) === 0) this.#host.advanceTo(this.#host.clock.now() + 1);
      if (STEPS_MAX < this.#steps) throw new Error(`the job hangs: it has not ended after ${STEPS_MAX} steps`);
      this.#seeStarved(job);
      if (state.outcome !== undefined) return false;
      if (completed < driver.completedCount) {
        completed = driver.completedCount;
        this.#checkpoints += 1;
        this.#point = driver.latest();
        sinceCheckpoint = 0;
        // Right behind a checkpoint in the middle of something is where a restore is hardest.
        const isHard = this.#point?.manifest.checkpointId === this.#lastInMidFiring;
        if (0 < this.#crashesLeft && this.#prng.int(8) < (isHard ? 7 : 1)) return true;
      }
      if (crashAt <= this.#steps) return true;
      sinceCheckpoint += 1;
      if (checkpointEvery === 0) continue;
      if (driver.isPending && checkpointEvery + patience < sinceCheckpoint && this.#aborts < ABORTS_MAX) {
        this.#aborts += 1;
        driver.abort();
        sinceCheckpoint = 0;
      } else if (!driver.isPending && checkpointEvery <= sinceCheckpoint) {
        driver.begin();
        this.#nextCheckpointId = driver.nextId;
      }
    }
    return false;
  }

  /** Counts the times at which the first channel of the job runs out of credit. */
  #seeStarved(job: LocalJob): void {
    const isStarved = job.tasks.some((tasks) => tasks.some((task) => 0 < task.gauge.starvedChannels));
    if (isStarved && !this.#wasStarved) this.#coverage["channel out of credit"] += 1;
    this.#wasStarved = isStarved;
  }

  #recover(job: LocalJob): void {
    this.#crashesLeft -= 1;
    job.cancel();
    poisonState(job);
    this.#recorder.goBackTo(this.#point?.manifest.checkpointId);
    this.#recorder.trace("crash");
    const { rewrites, parallelisms, crashes } = this.#spec.faults;
    if (!rewrites && parallelisms.length === 0) return;
    if (0 < parallelisms.length) this.#parallelism = parallelisms[(crashes - this.#crashesLeft) % parallelisms.length]!;
    // Another process: its own functions, its own host.
    this.#built = this.#build();
    this.#host = new SimulatedHost({ seed: this.#prng.uint32(), startTime: this.#host.clock.now() });
  }

  #finished({ job, state }: Attempt): FinishedRun {
    if (state.outcome?.status === "FAILED") throw state.outcome.error;
    if (state.outcome?.status !== "FINISHED") throw new Error(`the job has ended as ${state.outcome?.status}`);
    for (const logs of this.#recorder.logs.values()) {
      for (const log of logs) {
        for (const { kind, side, time } of log.elements) if (kind === "idleness" && side === "in" && time === 1) this.#coverage.idle += 1;
      }
    }
    return {
      spec: this.#spec,
      built: this.#built,
      recorder: this.#recorder,
      committed: this.#committed,
      job,
      attempts: this.#attempts,
      checkpoints: this.#checkpoints,
      coverage: this.#coverage,
      fingerprint: `${this.#recorder.fingerprint} ${this.#steps}`,
    };
  }
}

interface Attempt {
  readonly job: LocalJob;
  readonly state: { outcome: JobOutcome | undefined };
  readonly driver: CheckpointDriver;
}
