import type { ChainedOperator, JobEdge, JobGraph, JobVertex } from "./job-graph.ts";

/** How the details of factories are called for people, in the order in which they are told. Others follow under their own names. */
const DETAIL_TITLES = new Map([
  ["source", "reads"],
  ["boundedness", "input"],
  ["sink", "writes"],
  ["delivery", "delivery"],
  ["window", "window"],
  ["contents", "contents"],
  ["aggregates", "aggregates"],
  ["emit", "emits"],
  ["allowedLateness", "allowed lateness"],
  ["tooLate", "too late"],
  ["watermarks", "watermarks"],
  ["state", "state"],
  ["notReproducible", "NOT REPRODUCIBLE"],
]);
const TITLE_WIDTH = 18;

/**
 * Prints a job graph for people: chains, partitioning, state, windows, and what runs on rows or columns and why.
 */
export function explain(graph: JobGraph): string {
  const { mode, parallelism, chaining } = graph.settings;
  const lines = [`Job "${graph.jobName}": ${mode}, parallelism ${parallelism}, chaining ${chaining ? "on" : "off"}`];
  for (const vertex of graph.vertices) lines.push("", ...explainVertex(graph, vertex));
  return lines.join("\n");
}

function explainVertex(graph: JobGraph, vertex: JobVertex): string[] {
  const subtasks = vertex.parallelism === 1 ? "1 subtask" : `${vertex.parallelism} subtasks`;
  const groups = vertex.operators.every(({ node }) => node.keys === undefined) ? "" : `, ${vertex.maxParallelism} key groups`;
  const lines = [`Chain ${vertex.id + 1}: ${subtasks}${groups}; rows: no columnar form yet`];
  for (const edge of graph.edges) {
    if (edge.toVertex === vertex.id) lines.push(`  ← ${explainEdge(graph, edge)}`);
  }
  vertex.operators.forEach((operator, position) => lines.push(...explainOperator(vertex, operator, position)));
  return lines;
}

function explainEdge(graph: JobGraph, edge: JobEdge): string {
  const sender = graph.vertices[edge.fromVertex]!.operators[edge.fromPosition]!;
  const side = edge.sideOutput === undefined ? "" : ` side output "${edge.sideOutput}"`;
  const hasTwoInputs = graph.edges.some((other) => other.toVertex === edge.toVertex && other.input > 0);
  const input = hasTwoInputs ? `, into input ${edge.input + 1}` : "";
  const how = edge.partitioner.kind === "hash" ? "hash of the key" : edge.partitioner.kind;
  return `${how}, from chain ${edge.fromVertex + 1} "${sender.node.name}"${side}${input}`;
}

function explainOperator(vertex: JobVertex, operator: ChainedOperator, position: number): string[] {
  const { node } = operator;
  const depth = depthOf(vertex, position);
  const indent = "  ".repeat(depth + 1);
  const side = operator.sideOutput === undefined ? "" : `side output "${operator.sideOutput}" → `;
  // A uid that nobody set is made from the graph and tells a reader nothing.
  const uid = node.uid === undefined ? "" : `  uid "${node.uid}"`;
  const lines = [`${indent}${depth === 0 ? "" : "→ "}${side}${node.name}  [${node.factory.kind}]${uid}`];
  for (const [title, value] of titledDetails(node.factory.details)) {
    lines.push(`${indent}    ${`${title}:`.padEnd(TITLE_WIDTH)}${value}`);
  }
  return lines;
}

function titledDetails(details: ChainedOperator["node"]["factory"]["details"]): [title: string, value: string][] {
  const names = [...DETAIL_TITLES.keys(), ...Object.keys(details).filter((name) => !DETAIL_TITLES.has(name))];
  const titled: [string, string][] = [];
  for (const name of names) {
    const value = details[name];
    if (value === undefined) continue;
    titled.push([DETAIL_TITLES.get(name) ?? name, typeof value === "object" ? value.join(", ") : String(value)]);
  }
  return titled;
}

function depthOf(vertex: JobVertex, position: number): number {
  let depth = 0;
  for (let at = vertex.operators[position]!.feeder; at >= 0; at = vertex.operators[at]!.feeder) depth += 1;
  return depth;
}
