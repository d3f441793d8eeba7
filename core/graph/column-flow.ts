import { keyColumnOf } from "../data/key-column.ts";
import type { JobEdge, JobGraph, JobVertex } from "./job-graph.ts";
import type { Partitioner, StreamNode } from "./stream-graph.ts";

/** Why something works by rows, for people; undefined: it works by columns. */
export type WhyRows = string | undefined;

/** How one operator of a chain works. */
export interface OperatorFlow {
  readonly whyRows: WhyRows;
  /** Whether what feeds it works the other way: columns become rows here, or rows columns. */
  readonly isTurn: boolean;
  readonly whyGivesRows: WhyRows;
}

/** How records cross an edge. */
export interface EdgeFlow {
  readonly whyRows: WhyRows;
  /** What a row of each record is made for, although they cross as columns. */
  readonly rowByRow: string | undefined;
}

/** Where records travel as columns: one list of operators for each vertex, and one entry for each edge. */
export interface ColumnFlow {
  readonly operators: readonly (readonly OperatorFlow[])[];
  readonly edges: readonly EdgeFlow[];
}

/** What runs in place of a function, so that columns stay columns. */
const INSTEAD = new Map([
  ["map", "select(…) stays on columns"],
  ["filter", "filter(expression) stays on columns"],
]);

const SIDE_OUTPUT = "side outputs carry records";

/** `hasKernelModule`: of the host that runs the job. Follows columns from the sources on, through operators and edges, to where something works by rows, and from where columns come again. */
export function columnFlow(graph: JobGraph, hasKernelModule: boolean): ColumnFlow {
  const operators: OperatorFlow[][] = graph.vertices.map(() => []);
  const edges: EdgeFlow[] = graph.edges.map(() => ({ whyRows: undefined, rowByRow: undefined }));
  for (const vertex of graph.vertices) {
    const flows = operators[vertex.id]!;
    vertex.operators.forEach((_, position) => flows.push(operatorFlow(graph, vertex, position, arrivalAt(graph, vertex, position, flows, edges), hasKernelModule)));
    for (const edge of graph.edges) {
      if (edge.fromVertex === vertex.id) edges[edge.index] = edgeFlow(edge, flows[edge.fromPosition]!);
    }
  }
  return { operators, edges };
}

/** How records come to an operator, and whether what emits them works by columns; "source" where nothing does. */
type Arrival = "source" | { readonly whyRows: WhyRows; readonly isFromColumns: boolean };

function arrivalAt(graph: JobGraph, vertex: JobVertex, position: number, flows: readonly OperatorFlow[], edges: readonly EdgeFlow[]): Arrival {
  const { feeder, sideOutput } = vertex.operators[position]!;
  if (0 <= feeder) {
    const { whyRows, whyGivesRows } = flows[feeder]!;
    return { whyRows: whyGivesRows ?? (sideOutput === undefined ? undefined : SIDE_OUTPUT), isFromColumns: whyRows === undefined };
  }
  const incoming = graph.edges.filter(({ toVertex }) => toVertex === vertex.id);
  if (incoming.length === 0) return "source";
  const asColumns = incoming.some(({ index }) => edges[index]!.whyRows === undefined);
  return { whyRows: asColumns ? undefined : `chain ${incoming[0]!.fromVertex + 1} sends rows`, isFromColumns: asColumns };
}

function operatorFlow(graph: JobGraph, vertex: JobVertex, position: number, arrival: Arrival, hasKernelModule: boolean): OperatorFlow {
  const { name, factory } = vertex.operators[position]!.node;
  const { columns, kernel, jsKernel } = factory;
  if (arrival === "source") {
    const why = columns?.gives === true ? undefined : typeof columns?.takes === "string" ? columns.takes : `"${name}" reads records`;
    return { whyRows: why, isTurn: false, whyGivesRows: why };
  }
  const whyRows = arrival.whyRows ?? whyTakesRows(graph, vertex.operators[position]!.node);
  // A kernel holds columns, however the records came.
  const isKernel = kernel === true && (hasKernelModule || jsKernel === true) && graph.settings.mode !== "BATCH";
  const givesColumns = columns?.gives === true && (whyRows === undefined || isKernel);
  const whyGivesRows = givesColumns ? undefined : (whyRows ?? `"${name}" gives its results one by one`);
  return { whyRows, isTurn: arrival.isFromColumns !== (whyRows === undefined), whyGivesRows };
}

function whyTakesRows(graph: JobGraph, { name, factory, keys }: StreamNode): WhyRows {
  const { kind, columns } = factory;
  if (columns === undefined) {
    if (kind === "sink") return `"${name}" writes record by record`;
    const instead = INSTEAD.get(kind);
    return instead === undefined ? `"${name}" takes records one by one` : `"${name}" runs a function; ${instead}`;
  }
  if (columns.takes !== true) return columns.takes;
  return graph.settings.mode === "BATCH" && (keys !== undefined || kind === "window-all") ? "BATCH sorts the records by key" : undefined;
}

function edgeFlow({ partitioner, sideOutput }: JobEdge, sender: OperatorFlow): EdgeFlow {
  const whyRows = sender.whyGivesRows ?? (sideOutput === undefined ? undefined : SIDE_OUTPUT);
  return { whyRows, rowByRow: whyRows === undefined ? whyRowByRow(partitioner) : undefined };
}

function whyRowByRow(partitioner: Partitioner): string | undefined {
  if (partitioner.kind === "custom") return "partitionCustom runs a function";
  if (partitioner.kind !== "hash" || keyColumnOf(partitioner.keyOf) !== undefined) return undefined;
  return 'the key is computed; keyBy("field") reads the column';
}
