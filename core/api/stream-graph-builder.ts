import type { EnumeratorFactory } from "../graph/source-coordination.ts";
import type { Chaining, JobSettings, Partitioner, StreamEdge, StreamGraph, StreamNode } from "../graph/stream-graph.ts";
import { assert } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import type { RichFunction } from "../functions/stream-functions.ts";
import type { OperatorFactory } from "../operators/operator.ts";
import type { JobClient, SubmitOptions } from "./executor.ts";
import type { StreamMakers } from "./stream-makers.ts";

/** Where records of a stream come from, and how they reach the operator that reads them. */
export interface StreamInput {
  readonly node: StreamNode;
  readonly partitioner: Partitioner | undefined;
  readonly sideOutput: string | undefined;
}

/** What a stream handle stands for. Several inputs are a union. */
export interface Upstream {
  readonly graph: StreamGraphBuilder;
  readonly inputs: readonly StreamInput[];
  /** Set on keyed streams. */
  readonly keyOf: ((record: never) => unknown) | undefined;
}

/** A node to add, without what follows from its place. */
export interface NodeSpec {
  readonly name: string;
  readonly factory: OperatorFactory;
  /** Runs in one instance only. */
  readonly parallelismMax?: 1 | undefined;
  readonly chaining?: Chaining;
  /** Whether the operator works by key: it then gets the key selectors of its inputs. Default false. */
  readonly keyed?: boolean;
  /** Default: as in the input. */
  readonly timestamps?: StreamNode["timestamps"];
  /** Default: not known. */
  readonly columnNames?: StreamNode["columnNames"];
}

/** A source to add. */
export interface SourceSpec extends NodeSpec {
  readonly enumerator: EnumeratorFactory;
  readonly timestamps: StreamNode["timestamps"];
}

/** Checks what has been written so far as one job, and returns what submits it. */
export type PrepareJob = (jobName: string | undefined) => (options: SubmitOptions) => JobClient;

/**
 * Collects the operators of an environment as they are written. Ids count up in the order of creation, so every input has a lower
 * id than its reader. A graph holds the operators added since the last execution and everything upstream of them: a stream can be
 * used again in the next job.
 */
export class StreamGraphBuilder {
  /** Makes the handles that users hold. Late binding, because streams make each other. */
  readonly makers: StreamMakers;
  /** For streams that run the job themselves, to collect their records. */
  readonly prepareJob: PrepareJob;
  readonly #nodes: StreamNode[] = [];
  #added: StreamNode[] = [];
  #hasSubmitted = false;

  constructor(makers: StreamMakers, prepareJob: PrepareJob) {
    this.makers = makers;
    this.prepareJob = prepareJob;
  }

  /** A source alone is no job; it takes part once something reads it. */
  addSource(spec: SourceSpec): StreamNode {
    return this.#add(spec, [], undefined, spec.enumerator, spec.timestamps);
  }

  /** @throws JobError INVALID_ARGUMENT where streams belong to different environments. */
  addOperator(spec: NodeSpec, upstreams: readonly Upstream[]): StreamNode {
    for (const { graph } of upstreams) requireSameGraph(this, graph);
    const edges = upstreams.flatMap(({ inputs }, input) =>
      inputs.map(({ node, partitioner, sideOutput }): StreamEdge => ({ from: node.id, input, partitioner, sideOutput })),
    );
    const keys = spec.keyed === true ? upstreams.map(({ keyOf }) => requireKeyOf(keyOf)) : undefined;
    const node = this.#add(spec, edges, keys, undefined, spec.timestamps ?? mergedTimestamps(upstreams.map(timestampsOf)));
    this.#added.push(node);
    return node;
  }

  /** Pure: what it returns changes no more. */
  build(jobName: string, settings: JobSettings): StreamGraph {
    const needed = new Set<number>();
    const open = this.#added.map(({ id }) => id);
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (needed.has(id)) continue;
      needed.add(id);
      for (const { from } of this.#nodes[id]!.inputs) open.push(from);
    }
    const nodes = this.#nodes.filter(({ id }) => needed.has(id)).map((node) => ({ ...node }));
    return { jobName, nodes, settings };
  }

  /** Takes back an operator that was added: no job runs it. */
  withdraw(node: StreamNode): void {
    this.#added = this.#added.filter((added) => added !== node);
  }

  /** Whether a job was submitted, and nothing was added since. */
  get isExecuted(): boolean {
    return this.#hasSubmitted && this.#added.length === 0;
  }

  /** The operators so far belong to a job that was submitted; the next job begins. */
  startNextJob(): void {
    this.#hasSubmitted = true;
    this.#added = [];
  }

  #add(
    spec: NodeSpec,
    inputs: readonly StreamEdge[],
    keys: StreamNode["keys"],
    enumerator: EnumeratorFactory | undefined,
    timestamps: StreamNode["timestamps"],
  ): StreamNode {
    const node: StreamNode = {
      id: this.#nodes.length,
      name: spec.name,
      uid: undefined,
      factory: spec.factory,
      inputs,
      parallelism: undefined,
      parallelismMax: spec.parallelismMax,
      maxParallelism: undefined,
      chaining: spec.chaining ?? "always",
      keys,
      enumerator,
      timestamps,
      columnNames: spec.columnNames,
    };
    this.#nodes.push(node);
    return node;
  }
}

/** @throws JobError INVALID_ARGUMENT */
export function requireSameGraph(a: StreamGraphBuilder, b: StreamGraphBuilder): void {
  if (a === b) return;
  throw new JobError(
    "INVALID_ARGUMENT",
    "these streams belong to two environments and cannot be combined: make both from one StreamExecutionEnvironment",
  );
}

/** The stream that reads the main output of a node. */
export function outputOf(graph: StreamGraphBuilder, node: StreamNode): Upstream {
  return { graph, inputs: [{ node, partitioner: undefined, sideOutput: undefined }], keyOf: undefined };
}

/**
 * The key selector for an operator that may run with or without keys: that of a keyed stream, where the function may ask for
 * keyed state, which only `open` can. What does without it spares itself the keys, and in BATCH the sorting.
 */
export function keyOfFor<T>({ keyOf }: Upstream, fn: RichFunction): ((record: T) => unknown) | undefined {
  return fn.open === undefined ? undefined : (keyOf as ((record: T) => unknown) | undefined);
}

/** The key selector of a keyed stream. It takes the stream's records and gives its keys, which an upstream cannot say. */
export function keyOfKeyed<T, K>({ keyOf }: Upstream): (record: T) => K {
  assert(keyOf !== undefined, "a keyed stream has a key selector");
  return keyOf as (record: T) => K;
}

/** Whether records of a stream carry timestamps. In a union they are missing where any part lacks them. */
export function timestampsOf({ inputs }: Upstream): StreamNode["timestamps"] {
  const parts = inputs.map(({ node }) => node.timestamps);
  if (parts.includes("none")) return "none";
  return parts.includes("unknown") ? "unknown" : "assigned";
}

/** Of connected streams an operator may emit for one input only, so that a single one without timestamps says nothing. */
function mergedTimestamps(parts: readonly StreamNode["timestamps"][]): StreamNode["timestamps"] {
  const [first] = parts;
  return first !== undefined && parts.every((part) => part === first) ? first : "unknown";
}

function requireKeyOf(keyOf: ((record: never) => unknown) | undefined): (record: never) => unknown {
  assert(keyOf !== undefined, "an operator that works by key reads keyed streams");
  return keyOf;
}
