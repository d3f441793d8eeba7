import { show } from "../lib/show.ts";
import type { JobGraphJson } from "./fingerprint.ts";

/** Where two graphs of what should be one job part ways. */
export interface GraphDifference {
  /** In words: which operator or connection, and what of it. */
  readonly where: string;
  readonly one: string;
  readonly other: string;
}

type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [name: string]: Json };

/** The first difference in the order of the graph, undefined where there is none. */
export function firstDifference(one: JobGraphJson, other: JobGraphJson): GraphDifference | undefined {
  return differenceAt("", one as unknown as Json, other as unknown as Json, one);
}

function differenceAt(path: string, one: Json, other: Json, graph: JobGraphJson): GraphDifference | undefined {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return Object.is(one, other) ? undefined : { where: named(path, graph), one: show(one), other: show(other) };
  }
  if (Array.isArray(one) && Array.isArray(other) && one.length !== other.length) {
    return { where: `the number of ${path.replace(/.*\./, "")}`, one: show(one.length), other: show(other.length) };
  }
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  for (const name of names) {
    const own = (one as { readonly [name: string]: Json })[name];
    const found = differenceAt(path === "" ? name : `${path}.${name}`, own, (other as { readonly [name: string]: Json })[name], graph);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `vertices.1.operators.0.details.size` says little; the name of the operator says where to look. */
function named(path: string, graph: JobGraphJson): string {
  const match = /^vertices\.(\d+)\.operators\.(\d+)\.(.+)$/.exec(path);
  if (match === null) return path;
  const [, vertex, position, field = ""] = match;
  const operator = graph.vertices[Number(vertex)]?.operators[Number(position)];
  return operator === undefined ? path : `${field} of operator "${operator.name}"`;
}
