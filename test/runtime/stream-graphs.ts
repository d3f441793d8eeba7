import type { JobSettings, Partitioner, StreamEdge, StreamGraph, StreamNode } from "../../core/graph/stream-graph.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import type { Source } from "../../core/connectors/source.ts";
import { sourceFactory } from "../../core/connectors/source-operator.ts";
import type { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";

export const SETTINGS: JobSettings = {
  parallelism: 2,
  maxParallelism: undefined,
  mode: "STREAMING",
  bufferTimeoutMs: 10,
  chaining: true,
  endOfInputTimers: "fire",
  firePanesPerTurn: 64,
  batchSortBytesMax: 1 << 26,
  checkpointing: undefined,
  restart: { type: "none" },
  recovery: { savepoint: undefined, allowNonRestoredState: false },
};

/** Writes stream graphs by hand, so that the runtime is tested without the API above it. */
export class GraphWriter {
  readonly nodes: StreamNode[] = [];

  source<T>(source: Source<T, never, never>, strategy: WatermarkStrategy<T>, parallelism?: number): number {
    const untyped = source as unknown as Source<unknown, unknown, unknown>;
    const factory = sourceFactory({ source: untyped, strategy: strategy as WatermarkStrategy<unknown> });
    return this.#add("source", factory, [], { parallelism, enumerator: { source: untyped } });
  }

  operator(name: string, factory: OperatorFactory, from: number, options: { partitioner?: Partitioner; parallelism?: number; keyed?: (record: never) => unknown } = {}): number {
    const partitioner: Partitioner | undefined = options.keyed === undefined ? options.partitioner : { kind: "hash", keyOf: options.keyed };
    const edge: StreamEdge = { from, input: 0, partitioner, sideOutput: undefined };
    return this.#add(name, factory, [edge], { parallelism: options.parallelism, keys: options.keyed === undefined ? undefined : [options.keyed] });
  }

  graph(settings: Partial<JobSettings> = {}): StreamGraph {
    return { jobName: "test", nodes: this.nodes, settings: { ...SETTINGS, ...settings } };
  }

  #add(
    name: string,
    factory: OperatorFactory,
    inputs: readonly StreamEdge[],
    rest: { parallelism?: number | undefined; keys?: StreamNode["keys"]; enumerator?: StreamNode["enumerator"] },
  ): number {
    const id = this.nodes.length;
    this.nodes.push({
      id,
      name,
      uid: undefined,
      factory,
      inputs,
      parallelism: rest.parallelism,
      parallelismMax: undefined,
      maxParallelism: undefined,
      chaining: "always",
      keys: rest.keys,
      enumerator: rest.enumerator,
      timestamps: "unknown",
    });
    return id;
  }
}
