import type { Barriers } from "./barrier-alignment.ts";

/** So many checkpoints are followed at a time; those that are older were given up. */
const PENDING_MAX = 50;

/**
 * Barriers for at-least-once: no channel waits. The subtask takes its snapshot when a barrier has come from every channel; what came behind the first of them is part of it, and comes
 * again after a restore.
 */
export class BarrierTracking implements Barriers {
  readonly isAligning = false;
  readonly #channels: number;
  /** Barriers that are still to come, by checkpoint, oldest first. */
  readonly #missing = new Map<number, number>();
  /** The newest that is complete, or was given up. */
  #doneUntil = 0;

  constructor(channels: number) {
    this.#channels = channels;
  }

  isBlocked(): boolean {
    return false;
  }

  onBarrier(_channel: number, checkpointId: number): boolean {
    if (checkpointId <= this.#doneUntil) return false;
    const missing = (this.#missing.get(checkpointId) ?? this.#channels) - 1;
    if (missing === 0) {
      this.abort(checkpointId);
      return true;
    }
    this.#missing.set(checkpointId, missing);
    if (PENDING_MAX < this.#missing.size) this.abort(Math.min(...this.#missing.keys()));
    return false;
  }

  /** A checkpoint that is complete ends all before it, as one that was given up does. */
  abort(checkpointId: number): void {
    this.#doneUntil = Math.max(this.#doneUntil, checkpointId);
    for (const pending of this.#missing.keys()) if (pending <= checkpointId) this.#missing.delete(pending);
  }
}
