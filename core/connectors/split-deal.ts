import type { SplitEnumerator, SplitEnumeratorContext } from "./source.ts";
import type { SplitQueueState } from "./split-queue.ts";

/**
 * Gives each split to the one reader that it is for, as soon as there is that reader: for splits that all go through the same span of event
 * time. Were they handed out one by one, a reader that starts earlier than the others would read a second one from its beginning when the
 * watermark of the first is at the end, and all of its records would be late.
 */
export class SplitDeal<Split> implements SplitEnumerator<Split, SplitQueueState<Split>> {
  readonly #context: SplitEnumeratorContext<Split>;
  readonly #numberOf: (split: Split) => number;
  #splits: readonly Split[];

  /** Splits with equal numbers, modulo the parallelism, are for one reader. */
  constructor(context: SplitEnumeratorContext<Split>, splits: readonly Split[], numberOf: (split: Split) => number) {
    this.#context = context;
    this.#splits = splits;
    this.#numberOf = numberOf;
  }

  start(): void {}

  addReader(subtask: number): void {
    const { parallelism } = this.#context;
    const isOfReader = (split: Split): boolean => this.#numberOf(split) % parallelism === subtask;
    for (const split of this.#splits.filter(isOfReader)) this.#context.assignSplit(split, subtask);
    this.#splits = this.#splits.filter((split) => !isOfReader(split));
    this.#context.signalNoMoreSplits(subtask);
  }

  /** It was told when it came. */
  handleSplitRequest(): void {}

  addSplitsBack(splits: readonly Split[]): void {
    this.#splits = [...this.#splits, ...splits];
  }

  snapshotState(): SplitQueueState<Split> {
    return { discovered: true, splits: this.#splits };
  }

  close(): void {}
}
