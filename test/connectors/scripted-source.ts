import type { Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "../../core/connectors/source.ts";
import { SplitQueue, splitQueueStateType, type SplitQueueState } from "../../core/connectors/split-queue.ts";
import { SplitReader, type SplitCursor } from "../../core/connectors/split-reader.ts";
import { types } from "../../core/data/type.ts";

/** `wait` waits for `go`; a number is a record with that timestamp; `bare` a record without one. */
export type Step = number | "wait" | "bare";

export interface ScriptSplit {
  readonly id: string;
  readonly next: number;
}

const splitType = types.object({ id: types.string, next: types.number });
const stateType = splitQueueStateType(splitType);

/** Splits that say step by step what they deliver; a reader asks for all it can get and reads them side by side. */
export class ScriptedSource implements Source<string, ScriptSplit, SplitQueueState<ScriptSplit>> {
  readonly boundedness = "BOUNDED";
  readonly splitType = splitType;
  readonly enumeratorStateType = stateType;
  readonly #scripts: { readonly [id: string]: readonly Step[] };
  readonly #going = new Set<string>();
  readonly #wakes = new Set<() => void>();

  constructor(scripts: { readonly [id: string]: readonly Step[] }) {
    this.#scripts = scripts;
  }

  describe(): string {
    return "script";
  }

  splitId(split: ScriptSplit): string {
    return split.id;
  }

  /** Ends the wait of a split. */
  go(id: string): void {
    this.#going.add(id);
    for (const wake of this.#wakes) wake();
  }

  createEnumerator(context: SplitEnumeratorContext<ScriptSplit>): SplitQueue<ScriptSplit> {
    return SplitQueue.of(
      context,
      Object.keys(this.#scripts).map((id) => ({ id, next: 0 })),
    );
  }

  restoreEnumerator(context: SplitEnumeratorContext<ScriptSplit>, state: SplitQueueState<ScriptSplit>): SplitQueue<ScriptSplit> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<string, ScriptSplit> {
    this.#wakes.add(context.notifyAvailable);
    const reader = new SplitReader<string, ScriptSplit>(context, { idOf: ({ id }) => id, open: (split) => this.#open(split) });
    // Asks until it has all: these readers read their splits side by side.
    let isStarted = false;
    const asking: SourceReader<string, ScriptSplit> = {
      start: () => {
        isStarted = true;
        context.sendSplitRequest();
      },
      pollNext: (output) => reader.pollNext(output),
      addSplits: (splits) => {
        reader.addSplits(splits);
        if (isStarted) context.sendSplitRequest();
      },
      notifyNoMoreSplits: () => reader.notifyNoMoreSplits(),
      snapshotState: () => reader.snapshotState(),
      close: () => reader.close(),
    };
    return asking;
  }

  #open(split: ScriptSplit): SplitCursor<string, ScriptSplit> {
    const steps = this.#scripts[split.id]!;
    let next = split.next;
    return {
      next: (output) => {
        if (steps[next] === "wait") {
          if (!this.#going.delete(split.id)) return "waiting";
          next += 1;
        }
        const step = steps[next];
        if (step === undefined) return "done";
        next += 1;
        if (step === "bare" || step === "wait") output.collect(`${split.id}${next - 1}`);
        else output.collect(`${split.id}${next - 1}`, step);
        return "emitted";
      },
      position: () => ({ id: split.id, next }),
      close: () => {},
    };
  }
}
