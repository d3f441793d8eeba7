import type { Barrier } from "../checkpoint/barrier.ts";
import type { OperatorSnapshot, TaskSnapshot } from "../checkpoint/manifest.ts";
import type { Operator, Output } from "../operators/operator.ts";
import type { SourcePoll } from "../operators/source-protocol.ts";
import { JobError } from "../lib/errors.ts";
import { dynamicType } from "../data/dynamic-type.ts";
import type { OperatorListState } from "../state/operator-state.ts";
import { rescaledValve, type WatermarkValveSnapshot } from "../time/watermark-valve.ts";
import type { InputGate } from "./input-gate.ts";
import { INPUT_VALVES, type SubtaskContext, type TakenOperator } from "./operator-context.ts";
import type { RecordWriter } from "./record-writer.ts";
import type { Suspensions } from "./suspensions.ts";

/** One operator of a running chain, with the context that holds its state. */
export interface ChainLink {
  readonly operator: Operator;
  readonly context: SubtaskContext;
  readonly uid: string;
}

/** The state of a subtask at a barrier, written piece by piece while the subtask goes on. */
export class TakenTask {
  readonly barrier: Barrier;
  /** How long channels waited for the last barrier. */
  alignmentMs = 0;
  /** How long it took to take it, while nothing else went on. */
  syncMs = 0;
  readonly #operators: readonly { readonly link: ChainLink; readonly taken: TakenOperator }[];
  #writing = 0;

  constructor(barrier: Barrier, operators: readonly { readonly link: ChainLink; readonly taken: TakenOperator }[]) {
    this.barrier = barrier;
    this.#operators = operators;
  }

  /** Writes a further piece; returns whether all is written. */
  write(): boolean {
    while (this.#writing < this.#operators.length) {
      if (this.#operators[this.#writing]!.taken.keyed.write() === undefined) return false;
      this.#writing += 1;
    }
    return true;
  }

  /** What is not written yet is now. */
  finish(): TaskSnapshot {
    const operators = new Map<string, OperatorSnapshot>();
    for (const { link, taken } of this.#operators) operators.set(link.uid, link.context.written(taken));
    return { operators, inFlight: [], alignmentMs: this.alignmentMs, syncMs: this.syncMs };
  }
}

/** What a task's time counts as. */
export type TaskTime = "busyMs" | "idleMs" | "backpressuredMs" | "readyMs";

export interface BuiltChain {
  readonly chain: Chain;
  /** Where the input gate puts elements; none for a source. */
  readonly headInputs: readonly Output<unknown>[];
  readonly suspensions: Suspensions;
}

/** The operators of one subtask, head first, wired to call each other directly. */
export class Chain {
  /** In the order they finish; a BATCH operator stands behind the input that sorts for it. */
  readonly operators: readonly Operator[];
  readonly writers: readonly RecordWriter[];
  readonly #links: readonly ChainLink[];
  /** By the inputs; of all subtasks that there were where the parallelism has changed. */
  readonly #valves: OperatorListState<readonly WatermarkValveSnapshot[]>;
  readonly #channelsGoOn: boolean;
  #closed = false;

  /** @param channelsGoOn whether the channels of a restored job are those that it had */
  constructor(operators: readonly Operator[], links: readonly ChainLink[], writers: readonly RecordWriter[], channelsGoOn: boolean) {
    this.operators = operators;
    this.writers = writers;
    this.#links = links;
    // The watermarks of the input channels belong to the subtask; they are stored with its first operator.
    this.#valves = links[0]!.context.operatorState.list(INPUT_VALVES, dynamicType as never, "union");
    this.#channelsGoOn = channelsGoOn;
  }

  get source(): SourcePoll | undefined {
    return this.operators[0]!.source;
  }

  /** What the head emits to; a source's final watermark enters here. */
  get headOutput(): Output<unknown> {
    return this.#links[0]!.context.output;
  }

  get links(): readonly ChainLink[] {
    return this.#links;
  }

  /** Tail first, so that an operator that emits while it opens finds the next one open. */
  open(): void {
    for (let position = this.operators.length - 1; 0 <= position; position -= 1) this.operators[position]!.open?.();
  }

  /** @throws JobError RESTORE_MISMATCH where the operator has other inputs than it had. */
  restoreGate(gate: InputGate): void {
    const stored = this.#valves.get();
    const [own] = stored;
    if (own === undefined) return;
    const valves = this.#channelsGoOn ? own : gate.snapshot().map(({ watermarks }, input) => rescaledValve(stored.map((inputs) => inputs[input]), watermarks.length));
    if (own.length === valves.length && gate.restore(valves)) return;
    const { operatorName } = this.#links[0]!.context.subtask;
    throw new JobError(
      "RESTORE_MISMATCH",
      `"${operatorName}" has other inputs than when the checkpoint was taken: restore with the job that wrote it, or give the operator another uid`,
      { operator: operatorName },
    );
  }

  /** Takes the state of every operator. */
  take(barrier: Barrier, gate: InputGate | undefined): TakenTask {
    const { checkpointId } = barrier;
    for (const operator of this.operators) operator.snapshot?.(checkpointId);
    if (gate !== undefined) this.#valves.update([gate.snapshot()]);
    return new TakenTask(barrier, this.#links.map((link) => ({ link, taken: link.context.take(barrier) })));
  }

  completed(checkpointId: number): void {
    for (const { operator, context } of this.#links) {
      context.completed(checkpointId);
      operator.completed?.(checkpointId);
    }
  }

  aborted(checkpointId: number): void {
    for (const { operator, context } of this.#links) {
      context.aborted(checkpointId);
      operator.aborted?.(checkpointId);
    }
  }

  /** The whole job has finished. */
  ended(): void {
    for (const operator of this.operators) operator.ended?.();
  }

  /** Closes every operator exactly once, whatever the others throw; the first error is thrown at the end. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const errors: unknown[] = [];
    for (const operator of this.operators) {
      try {
        operator.close?.();
      } catch (cause) {
        errors.push(cause);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  /** Time waiting for a turn while there is work belongs to none of the three. */
  addTime(kind: TaskTime, ms: number): void {
    if (kind === "readyMs") return;
    for (const { context } of this.#links) context.metrics[kind] += ms;
  }
}
