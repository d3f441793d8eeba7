/** Which channels of a subtask may be read while barriers come, and when all have come. */
export interface Barriers {
  /** Whether the channel waits for the barriers of others. */
  isBlocked(channel: number): boolean;
  readonly isAligning: boolean;
  /** A barrier has come; returns whether it was the last one: the subtask must take its snapshot now. Barriers of checkpoints given up are passed over. */
  onBarrier(channel: number, checkpointId: number): boolean;
  /** The checkpoint was given up: its channels are read again. */
  abort(checkpointId: number): void;
}

/**
 * Aligned barriers (Chandy–Lamport as in Flink): a channel whose barrier has come is not read until the barriers of all other channels have come; then the
 * subtask's state is exactly what came before the barrier. A newer checkpoint ends the alignment of an older one. Barriers come from finished
 * subtasks too, behind the end of their records, so every channel counts always.
 */
export class BarrierAlignment implements Barriers {
  readonly #blocked: boolean[];
  #checkpointId = 0;
  #waiting = 0;

  constructor(channels: number) {
    this.#blocked = new Array<boolean>(channels).fill(false);
  }

  isBlocked(channel: number): boolean {
    return this.#blocked[channel]!;
  }

  get isAligning(): boolean {
    return this.#waiting > 0;
  }

  onBarrier(channel: number, checkpointId: number): boolean {
    if (checkpointId < this.#checkpointId || (checkpointId === this.#checkpointId && this.#waiting === 0)) return false;
    if (this.#checkpointId < checkpointId) {
      this.#checkpointId = checkpointId;
      this.#blocked.fill(false);
      this.#waiting = this.#blocked.length;
    }
    this.#blocked[channel] = true;
    this.#waiting -= 1;
    if (this.#waiting > 0) return false;
    this.#blocked.fill(false);
    return true;
  }

  abort(checkpointId: number): void {
    if (checkpointId < this.#checkpointId) return;
    this.#checkpointId = checkpointId;
    this.#blocked.fill(false);
    this.#waiting = 0;
  }
}
