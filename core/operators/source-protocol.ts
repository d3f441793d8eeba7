/** What a source operator subtask and the source's enumerator say to each other; mail in one process, messages between hosts. */
export type ToReader =
  | { readonly kind: "add-splits"; readonly splits: readonly unknown[] }
  | { readonly kind: "no-more-splits" }
  | { readonly kind: "event"; readonly event: unknown };
export type ToEnumerator = { readonly kind: "register" } | { readonly kind: "request-split" } | { readonly kind: "event"; readonly event: unknown };

/** A source polls instead of being called; the task calls `poll` while outputs have credit. */
export interface SourcePoll {
  /** Emits at most a few records, or one column batch. `nothing` until `ctx.wake`d, `end` once and for all. */
  poll(): "more" | "nothing" | "end";
  /** Records that the last poll emitted: what the turn of its task is charged for. */
  readonly polledRecords: number;
  receive(message: ToReader): void;
  /** From the next poll on the input has ended, whatever there is still to read. */
  stop(): void;
}
