import { SourceCoordinator } from "../../core/connectors/source-coordinator.ts";
import { sourceFactory } from "../../core/connectors/source-operator.ts";
import type { Source } from "../../core/connectors/source.ts";
import { Accumulators } from "../../core/functions/accumulators.ts";
import type { JobError } from "../../core/lib/errors.ts";
import type { OperatorMetrics } from "../../core/metrics/operator-metrics.ts";
import { rowsInto } from "../../core/operators/columns-output.ts";
import type { Operator, Output } from "../../core/operators/operator.ts";
import { SubtaskContext } from "../../core/runtime/operator-context.ts";
import { NO_SUBMITTER } from "../../core/runtime/outputs.ts";
import { NO_TIMESTAMP } from "../../core/time/timestamp.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { turn } from "./turn.ts";

export interface SourceSnapshot {
  readonly enumerator: Uint8Array;
  readonly readers: readonly Uint8Array[];
  readonly checkpointId: number;
}

export interface SourceHarnessOptions<T> {
  readonly strategy?: WatermarkStrategy<T>;
  readonly parallelism?: number;
  readonly output?: Output<unknown>;
  /** Subtasks that `start` starts; the others do so at once. */
  readonly startLater?: readonly number[];
}

const POLLS_MAX = 100_000;

interface Subtask {
  readonly operator: Operator;
  readonly context: SubtaskContext;
}

/**
 * A whole source by itself: the enumerator and all readers, with a mailbox in order and a clock that is moved by hand. What comes
 * out is text: `3@10` a record with its timestamp, `wm 9`, `idle`, `active`.
 */
export class SourceHarness<T, Split, State> {
  readonly output: string[][];
  failure: JobError | undefined;
  readonly #source: Source<T, Split, State>;
  readonly #options: SourceHarnessOptions<T>;
  readonly #coordinator: SourceCoordinator<T, Split, State>;
  readonly #subtasks: Subtask[] = [];
  readonly #ended = new Set<number>();
  /** Readers that may have more; the others sleep until they are woken. */
  readonly #awake = new Set<number>();
  readonly #mail: (() => void)[] = [];
  readonly #timers = new Set<{ readonly time: number; readonly job: () => void }>();
  #now = 0;
  #latest: SourceSnapshot | undefined;

  constructor(source: Source<T, Split, State>, options: SourceHarnessOptions<T> = {}, from?: SourceSnapshot) {
    this.#source = source;
    this.#options = options;
    this.#latest = from;
    const parallelism = options.parallelism ?? 1;
    this.output = Array.from({ length: parallelism }, () => []);
    this.#coordinator = new SourceCoordinator(source, {
      parallelism,
      send: (subtask, message) => {
        const target = this.#subtasks[subtask]!;
        this.#mail.push(() => target.operator.source!.receive(message));
      },
      at: (time, job) => this.#at(time, job),
      now: () => this.#now,
      post: (job) => this.#mail.push(job),
      fail: (error) => this.#failed(error),
    });
    if (from !== undefined) this.#coordinator.restore(from.enumerator);
    this.#coordinator.start();
    for (let subtask = 0; subtask < parallelism; subtask += 1) if (options.startLater?.includes(subtask) !== true) this.#start(subtask);
    this.runMail();
  }

  runMail(): void {
    for (let mail = this.#mail.shift(); mail !== undefined; mail = this.#mail.shift()) mail();
    if (this.failure !== undefined) throw this.failure;
  }

  start(subtask: number): void {
    this.#start(subtask);
    this.runMail();
  }

  /** One poll; mail runs before and after. */
  poll(subtask: number = 0): "more" | "nothing" | "end" {
    this.runMail();
    if (this.#ended.has(subtask)) {
      this.#awake.delete(subtask);
      return "end";
    }
    this.#awake.delete(subtask);
    const status = this.#subtasks[subtask]!.operator.source!.poll();
    if (status === "more") this.#awake.add(subtask);
    if (status === "end") this.#ended.add(subtask);
    this.runMail();
    return status;
  }

  /** Polls readers in turn while any is awake; returns whether all have ended. */
  drain(): boolean {
    this.runMail();
    for (let polls = 0; 0 < this.#awake.size; polls += 1) {
      if (POLLS_MAX < polls) throw new Error("the source does not come to rest");
      for (const subtask of [...this.#awake].sort()) this.poll(subtask);
    }
    return this.#ended.size === this.output.length;
  }

  /** For sources that wait for the world: lets it answer until all readers have ended. */
  async drainAsync(): Promise<void> {
    while (!this.drain()) await turn();
  }

  /** Moves the clock in one jump. */
  jumpTo(time: number): void {
    this.#now = time;
    const due = [...this.#timers].filter((timer) => timer.time <= time).sort((a, b) => a.time - b.time);
    for (const timer of due) if (this.#timers.delete(timer)) timer.job();
    this.runMail();
  }

  /** Moves the clock from timer to timer, polling after each. */
  advanceTo(time: number): void {
    for (;;) {
      const next = Math.min(...[...this.#timers].map((timer) => timer.time));
      if (time < next) break;
      this.jumpTo(Math.max(next, this.#now));
      this.drain();
    }
    this.#now = time;
  }

  metrics(subtask: number = 0): OperatorMetrics {
    return this.#subtasks[subtask]!.context.metrics;
  }

  take(subtask: number = 0): string[] {
    return this.output[subtask]!.splice(0);
  }

  snapshot(checkpointId: number): SourceSnapshot {
    // What the enumerator has sent reaches its readers before the barrier does; what it sends later comes behind it.
    this.runMail();
    const enumerator = this.#coordinator.snapshot(checkpointId);
    const readers = this.#subtasks.map(({ operator, context }) => {
      operator.snapshot!(checkpointId);
      return context.snapshot({ checkpointId, kind: "checkpoint" }).operator;
    });
    return { enumerator, readers, checkpointId };
  }

  completed(snapshot: SourceSnapshot): void {
    this.#latest = snapshot;
    this.#coordinator.completed(snapshot.checkpointId);
    for (const { operator } of this.#subtasks) operator.completed!(snapshot.checkpointId);
  }

  /** One reader fails and is started again from the last completed checkpoint. */
  restartReader(subtask: number): void {
    this.#subtasks[subtask]!.operator.close!();
    this.#ended.delete(subtask);
    this.#coordinator.subtaskFailed(subtask);
    this.#start(subtask);
    this.runMail();
  }

  close(): void {
    for (const { operator } of this.#subtasks) operator.close!();
    this.#coordinator.close();
  }

  #start(subtask: number): void {
    const lines = this.output[subtask]!;
    const output: Output<unknown> = this.#options.output ?? {
      processRecord: (record, timestamp) => {
        const text = typeof record === "string" ? record : JSON.stringify(record);
        lines.push(timestamp === NO_TIMESTAMP ? text : `${text}@${timestamp}`);
      },
      processWatermark: (watermark) => void lines.push(`wm ${watermark}`),
      processIdleness: (idle) => void lines.push(idle ? "idle" : "active"),
      processRecords: (batch) => {
        rowsInto(output, batch);
        return true;
      },
    };
    const context = new SubtaskContext({
      subtask: {
        jobName: "harness",
        operatorName: "source",
        uid: "source",
        index: subtask,
        parallelism: this.output.length,
        maxParallelism: 128,
        attempt: 0,
      },
      partName: "source",
      mode: "STREAMING",
      endOfInputTimers: "fire",
      firePanesPerTurn: 1_000,
      output,
      sideOutputs: new Map(),
      submitter: NO_SUBMITTER,
      accumulators: new Accumulators().forSubtask(),
      freeze: true,
      calls: {
        now: () => this.#now,
        random: () => 0,
        print: () => {},
        mayContinue: () => true,
        suspend: () => {},
        block: () => {},
        unblock: () => {},
        wake: () => void this.#awake.add(subtask),
        toEnumerator: (message) => this.#mail.push(() => this.#coordinator.receive(subtask, message)),
        fail: (error) => this.#failed(error),
        at: (time, job) => this.#at(time, () => this.#mail.push(job)),
        post: (mail) => this.#mail.push(mail),
        atDeadline: (time, run) => this.#at(time, () => run(this.#now)),
      },
    });
    const state = this.#latest?.readers[subtask];
    if (state !== undefined) {
      context.restore({ keyed: [], operatorParts: [state], share: undefined, readPart: () => new Uint8Array() });
    }
    const strategy = this.#options.strategy ?? WatermarkStrategy.noWatermarks<T>();
    const operator = sourceFactory({ source: this.#source, strategy }).create(context);
    this.#subtasks[subtask] = { operator, context };
    this.#awake.add(subtask);
    operator.open!();
  }

  #at(time: number, job: () => void): { cancel(): void } {
    const timer = { time, job };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  #failed(error: JobError): void {
    this.failure ??= error;
  }
}
