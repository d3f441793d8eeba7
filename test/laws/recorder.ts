import type { OutputTag } from "../../core/functions/output-tag.ts";
import type { StreamGraph } from "../../core/graph/stream-graph.ts";
import { hash128 } from "../../core/lib/hash.ts";
import type { Operator, OperatorContext, OperatorFactory, Output } from "../../core/operators/operator.ts";

/** One element that an operator subtask took or gave. Values are kept as text: objects belong to the job. */
export interface Logged {
  readonly side: "in" | "out";
  readonly kind: "record" | "watermark" | "idleness";
  /** Index of the input, or id of the side output; "" is the main output. */
  readonly port: string;
  readonly value: string;
  /** Timestamp or watermark; 1 for idle and 0 for active. */
  readonly time: number;
}

/** What one operator subtask has done over all attempts, as if none had failed: what a crash undid is taken back. */
export class SubtaskLog {
  elements: Logged[] = [];
  readonly #marks = new Map<number, number>();

  mark(checkpointId: number): void {
    this.#marks.set(checkpointId, this.elements.length);
  }

  goBackTo(checkpointId: number): void {
    // A subtask that there was at a higher parallelism only has done nothing since.
    let length = 0;
    for (const [id, mark] of this.#marks) {
      if (id <= checkpointId) length = mark;
      else this.#marks.delete(id);
    }
    this.elements.length = length;
  }
}

/** Records every element at every operator of a job, with the clock, and hashes them in the order in which they came. */
export class Recorder {
  /** By name of the operator, then subtask. */
  readonly logs = new Map<string, SubtaskLog[]>();
  /** Called when an operator subtask takes part in a checkpoint. */
  onSnapshot: (checkpointId: number) => void = () => {};
  #trace: string[] = [];
  #fingerprint = "";

  /** The graph with every operator recorded. Names are unique. */
  record(graph: StreamGraph): StreamGraph {
    const nodes = graph.nodes.map((node) => ({ ...node, factory: this.#recorded(node.name, node.factory) }));
    return { ...graph, nodes };
  }

  /** Undoes what came after a checkpoint; undefined undoes everything. */
  goBackTo(checkpointId: number | undefined): void {
    for (const logs of this.logs.values()) for (const log of logs) log.goBackTo(checkpointId ?? -1);
  }

  /** Hash of all steps so far, those that were undone included. */
  get fingerprint(): string {
    this.#fold();
    return this.#fingerprint;
  }

  trace(text: string): void {
    this.#trace.push(text);
    if (1_000 < this.#trace.length) this.#fold();
  }

  #fold(): void {
    this.#fingerprint = hash128(new TextEncoder().encode(`${this.#fingerprint}\n${this.#trace.join("\n")}`));
    this.#trace = [];
  }

  #recorded(name: string, factory: OperatorFactory): OperatorFactory {
    return {
      kind: factory.kind,
      details: factory.details,
      ...(factory.suspends === undefined ? {} : { suspends: factory.suspends }),
      create: (context) => this.#watch(name, context, factory),
    };
  }

  #watch(name: string, context: OperatorContext, factory: OperatorFactory): Operator {
    const log = this.#logOf(name, context.subtask.index);
    const at = `${name}/${context.subtask.index}`;
    const note = (element: Logged): void => {
      log.elements.push(element);
      this.trace(`${at} ${element.side} ${element.kind} ${element.port} ${element.value} ${element.time} @${context.processingTime.now()}`);
    };
    context.beforeSnapshot((checkpointId) => {
      log.mark(checkpointId);
      this.onSnapshot(checkpointId);
    });
    // The context of a subtask is an object of its own, so that what the operator reaches through it can be watched.
    const watched = context as { output: Output<unknown>; sideOutput: OperatorContext["sideOutput"] };
    const sideOutput = context.sideOutput.bind(context);
    watched.output = watchedOutput("out", "", context.output, note);
    watched.sideOutput = <S>(tag: OutputTag<S>) => watchedOutput("out", tag.id, sideOutput(tag) as Output<unknown>, note);
    const operator = factory.create(context);
    const inputs = operator.inputs.map((input, index) => watchedOutput("in", String(index), input as Output<unknown>, note));
    return withInputs(operator, inputs);
  }

  #logOf(name: string, subtask: number): SubtaskLog {
    const logs = this.logs.get(name) ?? [];
    this.logs.set(name, logs);
    while (logs.length <= subtask) logs.push(new SubtaskLog());
    return logs[subtask]!;
  }
}

function watchedOutput(side: "in" | "out", port: string, target: Output<unknown>, note: (element: Logged) => void): Output<unknown> {
  return {
    processRecord(record, timestamp) {
      note({ side, kind: "record", port, value: JSON.stringify(record), time: timestamp });
      target.processRecord(record, timestamp);
    },
    processWatermark(watermark) {
      note({ side, kind: "watermark", port, value: "", time: watermark });
      target.processWatermark(watermark);
    },
    processIdleness(idle) {
      note({ side, kind: "idleness", port, value: "", time: idle ? 1 : 0 });
      target.processIdleness(idle);
    },
  };
}

function withInputs(operator: Operator, inputs: readonly Output<unknown>[]): Operator {
  return {
    inputs,
    open: () => operator.open?.(),
    finish: () => operator.finish?.(),
    ended: () => operator.ended?.(),
    close: () => operator.close?.(),
    snapshot: (checkpointId) => operator.snapshot?.(checkpointId),
    completed: (checkpointId) => operator.completed?.(checkpointId),
    aborted: (checkpointId) => operator.aborted?.(checkpointId),
    ...(operator.endKey === undefined ? {} : { endKey: () => operator.endKey!() }),
    ...(operator.source === undefined ? {} : { source: operator.source }),
  };
}
