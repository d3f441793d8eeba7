import type { Node } from "@xyflow/svelte";
import type { JobPlan } from "../engine/engine.ts";
import type { Session } from "../stores/session.svelte.ts";

export type Vertex = JobPlan["vertices"][number];

/** What a node of the drawing knows: its chain, and where samples come from, so that new ones do not lay out the drawing anew. */
export type ChainFlowNode = Node<{ readonly vertex: Vertex; readonly session: Session; readonly direction: "LR" | "TB" }, "chain">;

/** An operator of a chain as it is listed: how many branches lie before it, and how its own begins, where it is one of several that follow their feeder. */
export interface Listed {
  readonly name: string;
  readonly uid: string;
  readonly depth: number;
  readonly branch: "├" | "└" | "";
}

export function listed({ operators }: Vertex): Listed[] {
  const list: Listed[] = [];
  for (const [index, { name, uid, feeder }] of operators.entries()) {
    const siblings = operators.flatMap((other, at) => (other.feeder === feeder ? [at] : []));
    const isBranch = 0 <= feeder && 1 < siblings.length;
    const depth = feeder < 0 ? 0 : list[feeder]!.depth + (isBranch ? 1 : 0);
    list.push({ name, uid, depth, branch: !isBranch ? "" : siblings.at(-1) === index ? "└" : "├" });
  }
  return list;
}
