import type { OperatorFactory } from "../operators/operator.ts";
import { type ColumnFlow, columnFlow, type OperatorFlow } from "./column-flow.ts";
import type { ChainedOperator, JobEdge, JobGraph, JobVertex } from "./job-graph.ts";

/** How the details of factories are called for people, in the order in which they are told. Others follow under their own names. */
const DETAIL_TITLES = new Map([
  ["source", "reads"],
  ["boundedness", "input"],
  ["sink", "writes"],
  ["delivery", "delivery"],
  ["condition", "takes if"],
  ["fields", "fields"],
  ["window", "window"],
  ["contents", "contents"],
  ["aggregates", "aggregates"],
  ["emit", "emits"],
  ["allowedLateness", "allowed lateness"],
  ["tooLate", "too late"],
  ["timestamps", "timestamps"],
  ["watermarks", "watermarks"],
  ["state", "state"],
  ["notReproducible", "NOT REPRODUCIBLE"],
]);
const TITLE_WIDTH = 18;

export interface ExplainOptions {
  /** Whether the host where the job runs brings the kernel for window aggregates in WebAssembly. */
  readonly hasKernelModule: boolean;
}

const JAVASCRIPT_KERNEL =
  'JavaScript; in WebAssembly with StreamExecutionEnvironment.setKernel(await loadKernelModule()), from "tamias/node", "tamias/web" or "tamias/edge"';
const NO_KERNEL_IN_BATCH = "none: in BATCH the windows of one key are fired and dropped before those of the next";

/**
 * Prints a job graph for people: chains, partitioning, state, windows, and what runs on rows or columns and why.
 */
export function explain(graph: JobGraph, { hasKernelModule }: ExplainOptions = { hasKernelModule: false }): string {
  const { mode, parallelism, chaining } = graph.settings;
  const lines = [`Job "${graph.jobName}": ${mode}, parallelism ${parallelism}, chaining ${chaining ? "on" : "off"}`];
  const flow = columnFlow(graph, hasKernelModule === true);
  const kernel = mode === "BATCH" ? NO_KERNEL_IN_BATCH : hasKernelModule ? "WebAssembly" : JAVASCRIPT_KERNEL;
  for (const vertex of graph.vertices) lines.push("", ...explainVertex(graph, vertex, flow, kernel));
  return lines.join("\n");
}

function explainVertex(graph: JobGraph, vertex: JobVertex, flow: ColumnFlow, kernel: string): string[] {
  const subtasks = vertex.parallelism === 1 ? "1 subtask" : `${vertex.parallelism} subtasks`;
  const groups = vertex.operators.every(({ node }) => node.keys === undefined) ? "" : `, ${vertex.maxParallelism} key groups`;
  const lines = [`Chain ${vertex.id + 1}: ${subtasks}${groups}; ${rowsOrColumns(vertex, flow)}`];
  for (const edge of graph.edges) {
    if (edge.toVertex === vertex.id) lines.push(`  ← ${explainEdge(graph, edge, flow)}`);
  }
  vertex.operators.forEach((operator, position) => lines.push(...explainOperator(vertex, operator, position, flow, kernel)));
  return lines;
}

/** Why, too, where the whole chain works by rows. */
function rowsOrColumns(vertex: JobVertex, flow: ColumnFlow): string {
  const flows = flow.operators[vertex.id]!;
  const forms = flows.map(({ whyRows }) => (whyRows === undefined ? "columns" : "rows"));
  if (!forms.includes("columns")) return `rows: ${flows[0]!.whyRows}`;
  return forms.filter((form, index) => form !== forms[index - 1]).join(", then ");
}

function explainEdge(graph: JobGraph, edge: JobEdge, flow: ColumnFlow): string {
  const sender = graph.vertices[edge.fromVertex]!.operators[edge.fromPosition]!;
  const side = edge.sideOutput === undefined ? "" : ` side output "${edge.sideOutput}"`;
  const hasTwoInputs = graph.edges.some((other) => other.toVertex === edge.toVertex && other.input > 0);
  const input = hasTwoInputs ? `, into input ${edge.input + 1}` : "";
  const how = edge.partitioner.kind === "hash" ? "hash of the key" : edge.partitioner.kind;
  return `${how}, from chain ${edge.fromVertex + 1} "${sender.node.name}"${side}${input}${explainForm(edge, flow)}`;
}

/** Rows are told where columns were before. */
function explainForm({ index, fromVertex, fromPosition }: JobEdge, flow: ColumnFlow): string {
  const { whyRows, rowByRow } = flow.edges[index]!;
  if (whyRows === undefined) return rowByRow === undefined ? ", as columns" : `, as columns, row by row: ${rowByRow}`;
  return flow.operators[fromVertex]![fromPosition]!.whyRows === undefined ? `, as rows: ${whyRows}` : "";
}

function explainOperator(vertex: JobVertex, operator: ChainedOperator, position: number, flow: ColumnFlow, kernel: string): string[] {
  const { node } = operator;
  const depth = depthOf(vertex, position);
  const indent = "  ".repeat(depth + 1);
  const own = flow.operators[vertex.id]![position]!;
  const side = operator.sideOutput === undefined ? "" : `side output "${operator.sideOutput}" → `;
  // A uid that nobody set is made from the graph and tells a reader nothing.
  const uid = node.uid === undefined ? "" : `  uid "${node.uid}"`;
  const lines = explainTurn(own, depth).map((turn) => `${indent}${turn}`);
  lines.push(`${indent}${depth === 0 ? "" : "→ "}${side}${node.name}  [${node.factory.kind}]${uid}`);
  for (const [title, value] of [...titledDetails(node.factory.details), ...explainWork(node.factory, own, kernel)]) {
    lines.push(`${indent}    ${`${title}:`.padEnd(TITLE_WIDTH)}${value}`);
  }
  return lines;
}

/** How a chain begins is told by its title. */
function explainTurn({ whyRows, isTurn }: OperatorFlow, depth: number): string[] {
  if (!isTurn || depth === 0) return [];
  return [whyRows === undefined ? "columns from here on" : `rows from here on: ${whyRows}`];
}

function explainWork({ columns, kernel, jsKernel, details }: OperatorFactory, { whyRows }: OperatorFlow, usedKernel: string): [title: string, value: string][] {
  const work: [title: string, value: string][] = [];
  const used = kernel === true && usedKernel === JAVASCRIPT_KERNEL ? jsKernel : kernel;
  if (used !== undefined) work.push(["kernel", used === true ? usedKernel + onlyNumbers(details["aggregates"]) : `none: ${used}`]);
  if (columns?.rowByRow !== undefined && whyRows === undefined) work.push(["row by row", columns.rowByRow]);
  return work;
}

/** Of aggregates that take values of other kinds too: those go to the heap, with all else, and leave it as rows. */
function onlyNumbers(aggregates: OperatorFactory["details"][string] | undefined): string {
  const taking = Array.isArray(aggregates) ? (aggregates as readonly string[]).filter((aggregate) => / = (first|last|min|max)\(/.test(aggregate)) : [];
  return taking.length === 0 ? "" : `, as long as there are numbers or bigints for ${taking.join(", ")}`;
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
