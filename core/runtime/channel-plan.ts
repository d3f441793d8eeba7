import type { JobEdge, JobGraph } from "../graph/job-graph.ts";

/**
 * How many channels a sender has on an edge, and to which receiver the first of them leads; the others lead to the receivers after it.
 */
export function reachOf(edge: JobEdge, sender: number, senders: number, receivers: number): { readonly first: number; readonly count: number } {
  switch (edge.partitioner.kind) {
    case "forward":
      return { first: sender, count: 1 };
    case "rescale": {
      // Flink's pointwise pattern: the larger side is divided evenly over the smaller one.
      if (receivers <= senders) return { first: Math.floor((sender * receivers) / senders), count: 1 };
      const first = Math.ceil((sender * receivers) / senders);
      return { first, count: Math.ceil(((sender + 1) * receivers) / senders) - first };
    }
    default:
      return { first: 0, count: receivers };
  }
}

/** One edge between two subtasks. Its number is the same wherever the graph was built. */
export interface PlannedChannel {
  readonly number: number;
  readonly edge: JobEdge;
  /** Indices of the subtasks. */
  readonly sender: number;
  readonly receiver: number;
}

/** Every channel of the job; by edge, then by sender, then by receiver in the order in which the sender's partitioner counts them. */
export function planChannels({ vertices, edges }: JobGraph): readonly (readonly (readonly PlannedChannel[])[])[] {
  let number = 0;
  return edges.map((edge) => {
    const senders = vertices[edge.fromVertex]!.parallelism;
    const receivers = vertices[edge.toVertex]!.parallelism;
    return Array.from({ length: senders }, (_, sender) => {
      const { first, count } = reachOf(edge, sender, senders, receivers);
      return Array.from({ length: count }, (_, index): PlannedChannel => ({ number: number++, edge, sender, receiver: first + index }));
    });
  });
}
