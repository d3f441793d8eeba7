import { JobError } from "../lib/errors.ts";
import { hash128 } from "../lib/hash.ts";
import { defaultMaxParallelism } from "../state/key-groups.ts";
import type { JobSettings, Partitioner, StreamEdge, StreamGraph, StreamNode } from "./stream-graph.ts";

/** The job with operators fused into chains: what is deployed. A vertex runs as `parallelism` subtasks, each of which runs the whole chain. */
export interface JobGraph {
  readonly jobName: string;
  readonly settings: JobSettings;
  /** In topological order. */
  readonly vertices: readonly JobVertex[];
  readonly edges: readonly JobEdge[];
}

export interface JobVertex {
  readonly id: number;
  /** The chain: a tree in depth-first order, head first. Later positions are further downstream. */
  readonly operators: readonly ChainedOperator[];
  readonly parallelism: number;
  readonly maxParallelism: number;
}

export interface ChainedOperator {
  readonly node: StreamNode;
  readonly uid: string;
  /** Position in the chain of the operator that feeds it directly; −1 for the head, which reads from channels or is a source. */
  readonly feeder: number;
  /** The side output of the feeder that it reads; undefined for the main output. */
  readonly sideOutput: string | undefined;
}

/** A connection between chains: it partitions records, and only bytes cross it. */
export interface JobEdge {
  readonly index: number;
  readonly fromVertex: number;
  /** Position in the chain of the sending operator. */
  readonly fromPosition: number;
  readonly sideOutput: string | undefined;
  readonly toVertex: number;
  readonly input: number;
  readonly partitioner: Partitioner;
}

interface Resolved {
  readonly node: StreamNode;
  readonly uid: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
}

/**
 * Chains the operators of a stream graph.
 *
 * @throws JobError DUPLICATE_UID, INVALID_ARGUMENT (parallelism, forward between unequal parallelisms), EMPTY_JOB.
 */
export function buildJobGraph(graph: StreamGraph): JobGraph {
  if (graph.nodes.length === 0) {
    throw new JobError("EMPTY_JOB", "the job has no operators: add a source and a sink, e.g. env.fromElements(1, 2, 3).print(), before execute(), and to the environment that executes");
  }
  const uids = resolveUids(graph);
  const resolved = new Map<number, Resolved>();
  for (const node of graph.nodes) resolved.set(node.id, resolveNode(node, graph.settings, uids));

  const heads = new Map<number, { vertex: number; position: number }>();
  const chains: ChainedOperator[][] = [];
  for (const node of graph.nodes) {
    const self = get(resolved, node.id);
    const edge = node.inputs[0];
    const feeder = edge === undefined ? undefined : get(resolved, edge.from);
    if (edge !== undefined && feeder !== undefined && chainable(node, edge, feeder, self, graph.settings)) {
      const place = get(heads, edge.from);
      const chain = chains[place.vertex]!;
      heads.set(node.id, { vertex: place.vertex, position: chain.length });
      chain.push({ node, uid: self.uid, feeder: place.position, sideOutput: edge.sideOutput });
    } else {
      heads.set(node.id, { vertex: chains.length, position: 0 });
      chains.push([{ node, uid: self.uid, feeder: -1, sideOutput: undefined }]);
    }
  }
  const edges = collectEdges(graph, resolved, heads, chains);
  const vertices = chains.map((operators, id): JobVertex => {
    const head = get(resolved, operators[0]!.node.id);
    return { id, operators, parallelism: head.parallelism, maxParallelism: head.maxParallelism };
  });
  return { jobName: graph.jobName, settings: graph.settings, vertices, edges };
}

function collectEdges(
  graph: StreamGraph,
  resolved: ReadonlyMap<number, Resolved>,
  places: ReadonlyMap<number, { vertex: number; position: number }>,
  chains: readonly (readonly ChainedOperator[])[],
): JobEdge[] {
  const edges: JobEdge[] = [];
  for (const node of graph.nodes) {
    const to = get(places, node.id);
    if (chains[to.vertex]![to.position]!.feeder >= 0) continue;
    for (const edge of node.inputs) {
      const from = get(places, edge.from);
      edges.push({
        index: edges.length,
        fromVertex: from.vertex,
        fromPosition: from.position,
        sideOutput: edge.sideOutput,
        toVertex: to.vertex,
        input: edge.input,
        partitioner: resolvePartitioner(edge, get(resolved, edge.from), get(resolved, node.id)),
      });
    }
  }
  return edges;
}

/** Flink's rule: one input, a forward edge, equal parallelism, and neither side forbids it. Of one subtask on each side a keyed edge goes forward too. */
function chainable(node: StreamNode, edge: StreamEdge, feeder: Resolved, self: Resolved, settings: JobSettings): boolean {
  return (
    settings.chaining &&
    node.inputs.length === 1 &&
    node.chaining === "always" &&
    feeder.node.chaining !== "never" &&
    feeder.parallelism === self.parallelism &&
    feeder.maxParallelism === self.maxParallelism &&
    goesForward(resolvePartitioner(edge, feeder, self), self)
  );
}

/** Other partitioners that a user asks for break a chain, which may be what they are there for. */
function goesForward({ kind }: Partitioner, { parallelism }: Resolved): boolean {
  return kind === "forward" || (kind === "hash" && parallelism === 1);
}

function resolvePartitioner(edge: StreamEdge, from: Resolved, to: Resolved): Partitioner {
  if (edge.partitioner === undefined) return { kind: from.parallelism === to.parallelism ? "forward" : "rebalance" };
  if (edge.partitioner.kind === "forward" && from.parallelism !== to.parallelism) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `forward() needs equal parallelism on both sides, but "${from.node.name}" has ${from.parallelism} and "${to.node.name}" has ${to.parallelism}: ` +
        "use rebalance() or rescale(), or give both the same setParallelism()",
    );
  }
  return edge.partitioner;
}

function resolveNode(node: StreamNode, settings: JobSettings, uids: ReadonlyMap<number, string>): Resolved {
  const parallelism = node.parallelismMax ?? node.parallelism ?? settings.parallelism;
  const maxParallelism = node.maxParallelism ?? settings.maxParallelism ?? defaultMaxParallelism(Math.max(parallelism, settings.parallelism));
  if (parallelism > maxParallelism) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `operator "${node.name}" has parallelism ${parallelism}, more than its maximum of ${maxParallelism} (the number of key groups): ` +
        "lower setParallelism() or raise setMaxParallelism()",
    );
  }
  return { node, uid: get(uids, node.id), parallelism, maxParallelism };
}

/**
 * A uid names an operator's state across versions of a job. Where the user sets none, it is derived from the operator's kind and what feeds it, so that
 * adding an unrelated operator changes no other uid; equal operators count up in the order they were written.
 */
function resolveUids(graph: StreamGraph): ReadonlyMap<number, string> {
  const uids = new Map<number, string>();
  const owners = new Map<string, StreamNode>();
  for (const node of graph.nodes) {
    if (node.uid === undefined) continue;
    const owner = owners.get(node.uid);
    if (owner !== undefined) {
      throw new JobError("DUPLICATE_UID", `two operators have the uid "${node.uid}": "${owner.name}" and "${node.name}"; a uid names the state of one operator`);
    }
    owners.set(node.uid, node);
    uids.set(node.id, node.uid);
  }
  for (const node of graph.nodes) {
    if (node.uid !== undefined) continue;
    const inputs = node.inputs.map((edge) => `${get(uids, edge.from)}:${edge.input}:${edge.sideOutput ?? ""}:${edge.partitioner?.kind ?? ""}`);
    const text = `operator ${node.factory.kind}(${inputs.join(",")})`;
    for (let copy = 0; !uids.has(node.id); copy += 1) {
      const uid = hash128(new TextEncoder().encode(copy === 0 ? text : `${text}#${copy}`));
      if (owners.has(uid)) continue;
      owners.set(uid, node);
      uids.set(node.id, uid);
    }
  }
  return uids;
}

function get<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new JobError("INTERNAL", `the stream graph refers to an unknown operator ${String(key)}`);
  return value;
}
