import type { ChainedOperator, JobEdge, JobGraph, JobVertex } from "./job-graph.ts";

/**
 * Prints a job graph for people: chains, partitioning, state, windows, and what runs on rows or columns and why.
 */
export function explain(graph: JobGraph): string {
  const { settings } = graph;
  const lines = [`Job "${graph.jobName}"  mode ${settings.mode}  parallelism ${settings.parallelism}  chaining ${settings.chaining ? "on" : "off"}`];
  for (const vertex of graph.vertices) lines.push("", ...explainVertex(graph, vertex));
  return lines.join("\n");
}

function explainVertex(graph: JobGraph, vertex: JobVertex): string[] {
  const keyed = vertex.operators[0]?.node.keys === undefined ? "" : `  max parallelism ${vertex.maxParallelism}`;
  const lines = [`Chain ${vertex.id + 1}  ×${vertex.parallelism}${keyed}`];
  for (const edge of graph.edges) {
    if (edge.toVertex === vertex.id) lines.push(`  ← ${explainEdge(graph, edge)}`);
  }
  vertex.operators.forEach((operator, position) => lines.push(...explainOperator(vertex, operator, position)));
  return lines;
}

function explainEdge(graph: JobGraph, edge: JobEdge): string {
  const sender = graph.vertices[edge.fromVertex]!.operators[edge.fromPosition]!;
  const side = edge.sideOutput === undefined ? "" : ` side output "${edge.sideOutput}"`;
  const input = graph.edges.some((other) => other.toVertex === edge.toVertex && other.input > 0) ? ` into input ${edge.input + 1}` : "";
  return `${edge.partitioner.kind} from chain ${edge.fromVertex + 1} "${sender.node.name}"${side}${input}`;
}

function explainOperator(vertex: JobVertex, operator: ChainedOperator, position: number): string[] {
  const { node } = operator;
  const depth = depthOf(vertex, position);
  const indent = "  ".repeat(depth + 1);
  const side = operator.sideOutput === undefined ? "" : `side output "${operator.sideOutput}" → `;
  const lines = [`${indent}${depth === 0 ? "" : "→ "}${side}${node.name}  [${node.factory.kind}]  uid ${operator.uid}`];
  for (const [name, value] of Object.entries(node.factory.details)) {
    lines.push(`${indent}    ${name}: ${Array.isArray(value) ? value.join(", ") : String(value)}`);
  }
  lines.push(`${indent}    rows: no columnar form yet`);
  return lines;
}

function depthOf(vertex: JobVertex, position: number): number {
  let depth = 0;
  for (let at = vertex.operators[position]!.feeder; at >= 0; at = vertex.operators[at]!.feeder) depth += 1;
  return depth;
}
