import { hash128 } from "../lib/hash.ts";
import type { JobEdge, JobGraph } from "./job-graph.ts";

/** A job graph as plain JSON: everything but the user's functions. */
export interface JobGraphJson {
  readonly version: 0;
  readonly jobName: string;
  readonly mode: string;
  readonly vertices: readonly {
    readonly id: number;
    readonly parallelism: number;
    readonly maxParallelism: number;
    readonly operators: readonly {
      readonly uid: string;
      readonly name: string;
      readonly kind: string;
      readonly feeder: number;
      readonly sideOutput: string | null;
      /** Under which it gets records from whoever submitted the job, or gives them. */
      readonly submitterName: string | null;
      readonly details: { readonly [name: string]: string | number | boolean | readonly string[] };
    }[];
  }[];
  readonly edges: readonly {
    readonly from: number;
    readonly position: number;
    readonly sideOutput: string | null;
    readonly to: number;
    readonly input: number;
    readonly partitioner: JobEdge["partitioner"]["kind"];
  }[];
}

export function jobGraphToJson(graph: JobGraph): JobGraphJson {
  return {
    version: 0,
    jobName: graph.jobName,
    mode: graph.settings.mode,
    vertices: graph.vertices.map((vertex) => ({
      id: vertex.id,
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism,
      operators: vertex.operators.map(({ node, uid, feeder, sideOutput }) => ({
        uid,
        name: node.name,
        kind: node.factory.kind,
        feeder,
        sideOutput: sideOutput ?? null,
        submitterName: node.factory.submitterName ?? null,
        details: node.factory.details,
      })),
    })),
    edges: graph.edges.map((edge) => ({
      from: edge.fromVertex,
      position: edge.fromPosition,
      sideOutput: edge.sideOutput ?? null,
      to: edge.toVertex,
      input: edge.input,
      partitioner: edge.partitioner.kind,
    })),
  };
}

/**
 * Names what a job is: its graph, its arguments and the bytes of its module with its relative imports. Topology alone would miss a changed closure.
 * `moduleHash` is empty where there is no module (a program that embeds a job).
 */
export function graphFingerprint(graph: JobGraph, args: unknown, moduleHash: string): string {
  const text = canonicalJson([jobGraphToJson(graph), args, moduleHash]);
  return hash128(new TextEncoder().encode(text));
}

/** JSON with fields sorted by UTF-16 code unit; equal values give equal text whatever the order they were written in. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(",")}}`;
  }
  if (typeof value === "bigint") return `"${value}n"`;
  return JSON.stringify(value) ?? "null";
}
