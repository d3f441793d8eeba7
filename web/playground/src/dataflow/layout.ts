import dagre from "@dagrejs/dagre";
import type { JobPlan } from "../engine/engine.ts";

/** Where the chains of a job stand. */

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  /** By vertex. */
  readonly places: readonly Place[];
  readonly width: number;
  readonly height: number;
}

export const NODE_WIDTH = 264;
const HEAD = 38;
const OPERATOR = 19;
const SUBTASK = 22;
const PADDING = 26;

/** As high as what stands in it: the component keeps to the same numbers. */
export function nodeHeight({ operators, parallelism }: JobPlan["vertices"][number]): number {
  return HEAD + operators.length * OPERATOR + parallelism * SUBTASK + PADDING;
}

export function layoutOf(plan: JobPlan, direction: "LR" | "TB"): Layout {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: direction, nodesep: 24, ranksep: direction === "LR" ? 88 : 46, marginx: 2, marginy: 2 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const vertex of plan.vertices) graph.setNode(String(vertex.id), { width: NODE_WIDTH, height: nodeHeight(vertex) });
  for (const { from, to } of plan.edges) graph.setEdge(String(from), String(to));
  dagre.layout(graph);
  const places = plan.vertices.map(({ id }): Place => {
    const { x, y, width, height } = graph.node(String(id));
    return { x: x - width / 2, y: y - height / 2, width, height };
  });
  const { width = 0, height = 0 } = graph.graph();
  return { places, width, height };
}
