/**
 * Which splits each reader got since the last completed checkpoint: those that a failed reader loses, because the state it is
 * restored from does not know them.
 */
export class SplitAssignments<Split> {
  /** Assigned since the last snapshot, by subtask. */
  #recent = new Map<number, Split[]>();
  /** Assigned before the snapshot of a checkpoint that has not completed, by checkpoint id in ascending order. */
  readonly #waiting = new Map<number, Map<number, Split[]>>();

  assigned(split: Split, subtask: number): void {
    const splits = this.#recent.get(subtask);
    if (splits === undefined) this.#recent.set(subtask, [split]);
    else splits.push(split);
  }

  snapshotTaken(checkpointId: number): void {
    // Checkpoints that never complete must not add up where nothing is assigned.
    if (this.#recent.size === 0) return;
    this.#waiting.set(checkpointId, this.#recent);
    this.#recent = new Map();
  }

  completed(checkpointId: number): void {
    for (const id of [...this.#waiting.keys()]) if (id <= checkpointId) this.#waiting.delete(id);
  }

  /** Takes back what the subtask got, in the order in which it was assigned. */
  takeBack(subtask: number): Split[] {
    const splits: Split[] = [];
    for (const assignments of [...this.#waiting.values(), this.#recent]) {
      splits.push(...(assignments.get(subtask) ?? []));
      assignments.delete(subtask);
    }
    return splits;
  }
}
