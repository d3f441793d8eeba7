import { expect, test } from "vitest";
import { collectSink } from "../../core/connectors/collection-sink.ts";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { KeyId } from "../../core/data/key.ts";
import { buildJobGraph } from "../../core/graph/job-graph.ts";
import type { StreamGraph } from "../../core/graph/stream-graph.ts";
import type { ByteReader, ByteWriter } from "../../core/lib/bytes.ts";
import { keyedProcessFactory } from "../../core/operators/function-factories.ts";
import type { Operator, OperatorContext, OperatorFactory, Output } from "../../core/operators/operator.ts";
import { LocalJob, type JobOutcome } from "../../core/runtime/local-job.ts";
import type { RuntimeContext } from "../../core/functions/runtime-context.ts";
import { ListStateDescriptor, ValueStateDescriptor } from "../../core/state/descriptors.ts";
import type { KeyedComponent, Namespace } from "../../core/state/keyed-state.ts";
import type { ListState, ValueState } from "../../core/state/state.ts";
import { CheckpointDriver } from "../../core/testing/checkpoint-driver.ts";
import { poison, poisonState } from "../../core/testing/poison.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { GraphWriter } from "../runtime/stream-graphs.ts";

const RECORDS = 200;

/** Runs a job to the middle, restores it from a checkpoint taken there, and lets it end after the old state was poisoned. */
function outcomeOfRestore(graph: () => StreamGraph): JobOutcome | undefined {
  const host = new SimulatedHost({ seed: 11 });
  let outcome: JobOutcome | undefined;
  const options = { host, freeze: false, turnRecordsMax: 3, channelCredits: 2, onEnd: (ended: JobOutcome) => void (outcome = ended) };
  const first = new LocalJob(buildJobGraph(graph()), { ...options, attempt: 0, restore: undefined });
  first.start();
  const driver = new CheckpointDriver(first);
  for (let step = 0; step < 60; step += 1) host.step();
  driver.begin();
  while (driver.completedCount === 0 && host.step());
  expect(first.outcome).toBeUndefined();
  const second = new LocalJob(buildJobGraph(graph()), { ...options, attempt: 1, restore: driver.latest() });
  second.start();
  first.cancel();
  outcome = undefined;
  poisonState(first);
  host.runUntilIdle(1_000_000);
  return outcome;
}

function graphOf(factory: OperatorFactory, results: unknown[]): StreamGraph {
  const writer = new GraphWriter();
  const strategy = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n);
  const source = writer.source(new SequenceSource(1, RECORDS) as never, strategy, 1);
  const keyed = writer.operator("keyed", factory, source, { keyed: keyOf, parallelism: 1 });
  writer.operator("collect", sinkFactory(collectSink(results)), keyed, { parallelism: 1 });
  return writer.graph();
}

function keyOf(n: number): number {
  return n % 10;
}

/** Writes where an object lies instead of the object: what was restored from a snapshot is then the very object that the old job holds. */
class SharingComponent implements KeyedComponent {
  static readonly all: { count: number }[] = [];
  readonly name = "sharing";
  readonly format = "an index";
  readonly #counters = new Map<KeyId, { count: number }>();

  increment(key: KeyId): number {
    const counter = this.#counters.get(key) ?? { count: 0 };
    this.#counters.set(key, counter);
    counter.count += 1;
    return counter.count;
  }

  forEachAddress(visit: (key: KeyId, namespace: Namespace) => void): void {
    for (const key of this.#counters.keys()) visit(key, "");
  }

  writeEntry(key: KeyId, _namespace: Namespace, writer: ByteWriter): boolean {
    const counter = this.#counters.get(key);
    if (counter === undefined) return false;
    writer.varint(SharingComponent.all.push(counter) - 1);
    return true;
  }

  restoreEntry(key: KeyId, _namespace: Namespace, reader: ByteReader): void {
    this.#counters.set(key, SharingComponent.all[reader.varint()]!);
  }

  removeRestored(key: KeyId): void {
    this.#counters.delete(key);
  }

  heldObjects(): readonly object[] {
    return [this.#counters];
  }
}

class SharingOperator implements Operator, Output<number> {
  readonly inputs = [this];
  readonly #component = new SharingComponent();
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
    context.components.register(this.#component);
  }

  processRecord(record: number, timestamp: number): void {
    this.#context.output.processRecord(this.#component.increment(keyOf(record)), timestamp);
  }

  processWatermark(watermark: number): void {
    this.#context.output.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.#context.output.processIdleness(idle);
  }
}

test("a component that shares an object over a restore is found", () => {
  const factory: OperatorFactory = { kind: "sharing", details: {}, create: (context) => new SharingOperator(context) };
  const outcome = outcomeOfRestore(() => graphOf(factory, []));
  expect(outcome?.status).toBe("FAILED");
  expect(outcome?.status === "FAILED" && outcome.error.message).toContain("shares it with that job");
});

test("state of the engine shares nothing, typed arrays and lists changed in place included", () => {
  const results: unknown[] = [];
  const factory = (): OperatorFactory => {
    let bytes: ValueState<Uint8Array> | undefined;
    let list: ListState<{ n: number }> | undefined;
    return keyedProcessFactory<number, number, string>({
      keyOf,
      fn: {
        open(context: RuntimeContext) {
          bytes = context.getState(new ValueStateDescriptor<Uint8Array>("bytes"));
          list = context.getListState(new ListStateDescriptor<{ n: number }>("list"));
        },
        processElement(n, context, out) {
          const before = bytes!.value() ?? new Uint8Array(2);
          const after = before.slice();
          after[0] = after[0]! + 1;
          bytes!.update(after);
          list!.add({ n });
          context.timerService().registerEventTimeTimer(RECORDS + 1);
          out.collect(`${keyOf(n)}: ${after} ${[...list!.get()].map((held) => held.n)}`);
        },
        onTimer: (_time, context, out) => out.collect(`${context.getCurrentKey()} ends with ${bytes!.value()}`),
      },
    });
  };
  expect(outcomeOfRestore(() => graphOf(factory(), results))).toEqual({ status: "FINISHED" });
  for (let key = 0; key < 10; key += 1) expect(results).toContain(`${key} ends with ${RECORDS / 10},0`);
});

test("what is poisoned throws however it is touched", () => {
  const inner = { n: 1 };
  const held = { list: [1, inner], map: new Map([["a", inner]]), set: new Set([inner]), bytes: new Uint8Array([1, 2]), date: new Date(0) };
  const { list, map, set, bytes, date } = held;
  poison(held);
  const touches: (() => unknown)[] = [
    () => held.list,
    () => list[0],
    () => list.push(1),
    () => [...list],
    () => map.get("a"),
    () => [...map],
    () => set.has(inner),
    () => inner.n,
    () => (inner.n = 2),
    () => date.getTime(),
  ];
  for (const touch of touches) expect(touch, String(touch)).toThrow("a job that was discarded");
  expect([...bytes]).toEqual([0xdb, 0xdb]);
});

test("what is frozen stays: nobody changes anything through it", () => {
  const frozen = Object.freeze({ n: 1 });
  poison({ frozen });
  expect(frozen.n).toBe(1);
});
