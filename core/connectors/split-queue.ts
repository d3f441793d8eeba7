import { types, type Type } from "../data/type.ts";
import type { SplitEnumerator, SplitEnumeratorContext } from "./source.ts";

/** What is left to hand out. `discovered` is false while the splits themselves are still unknown. */
export interface SplitQueueState<Split> {
  readonly discovered: boolean;
  readonly splits: readonly Split[];
}

export function splitQueueStateType<Split>(splitType: Type<Split>): Type<SplitQueueState<Split>> {
  return types.object({ discovered: types.boolean, splits: types.array(splitType) });
}

/** Finds all splits, once, and answers later. */
export type SplitDiscovery<Split> = (answer: (splits: readonly Split[]) => void, failure: (cause: unknown) => void) => void;

/**
 * Hands splits out in order, one for each request, and says that there are no more when none is left. A reader asks for its next
 * split when it has finished its last, so fast readers take more of them.
 */
export class SplitQueue<Split> implements SplitEnumerator<Split, SplitQueueState<Split>> {
  readonly #context: SplitEnumeratorContext<Split>;
  readonly #discover: SplitDiscovery<Split> | undefined;
  readonly #splits: Split[];
  #discovered: boolean;
  /** Readers that asked before the splits were known, in the order in which they asked. */
  readonly #waiting = new Set<number>();

  private constructor(
    context: SplitEnumeratorContext<Split>,
    splits: readonly Split[],
    discover: SplitDiscovery<Split> | undefined,
  ) {
    this.#context = context;
    this.#splits = [...splits];
    this.#discover = discover;
    this.#discovered = discover === undefined;
  }

  static of<Split>(context: SplitEnumeratorContext<Split>, splits: readonly Split[]): SplitQueue<Split> {
    return new SplitQueue(context, splits, undefined);
  }

  static discovering<Split>(context: SplitEnumeratorContext<Split>, discover: SplitDiscovery<Split>): SplitQueue<Split> {
    return new SplitQueue(context, [], discover);
  }

  /** Goes on with what was left; `discover` is called only where the snapshot was taken before the splits were known. */
  static restored<Split>(
    context: SplitEnumeratorContext<Split>,
    state: SplitQueueState<Split>,
    discover?: SplitDiscovery<Split>,
  ): SplitQueue<Split> {
    return new SplitQueue(context, state.splits, state.discovered ? undefined : discover);
  }

  start(): void {
    if (this.#discover === undefined) return;
    this.#context.callAsync(this.#discover, (splits) => {
      this.#discovered = true;
      this.#splits.push(...splits);
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const subtask of waiting) this.handleSplitRequest(subtask);
    });
  }

  /** A request of an earlier run of this reader is void: it asks again. */
  addReader(subtask: number): void {
    this.#waiting.delete(subtask);
  }

  handleSplitRequest(subtask: number): void {
    if (!this.#discovered) {
      this.#waiting.add(subtask);
      return;
    }
    const split = this.#splits.shift();
    if (split === undefined) this.#context.signalNoMoreSplits(subtask);
    else this.#context.assignSplit(split, subtask);
  }

  addSplitsBack(splits: readonly Split[]): void {
    this.#splits.unshift(...splits);
  }

  snapshotState(): SplitQueueState<Split> {
    return { discovered: this.#discovered, splits: [...this.#splits] };
  }

  close(): void {
    this.#splits.length = 0;
    this.#waiting.clear();
  }
}
