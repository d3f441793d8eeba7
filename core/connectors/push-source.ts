import { types } from "../data/type.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { Inbox } from "../operators/operator.ts";
import type { InputStatus, ReaderOutput, Source, SourceReader, SourceReaderContext } from "./source.ts";

/** There are no splits, and nothing to remember of them. */
const nothing = /* @__PURE__ */ types.literal(null);

/**
 * An endless source of what whoever submitted the job gives it, wherever the job runs: `await client.push(name, records)`, or events posted to a job at the edge.
 * Each push goes to one subtask, one after the other; it is over when all of its records have been taken.
 *
 * @example
 * ```ts
 * import { PushSource, StreamExecutionEnvironment, WatermarkStrategy, collectSink } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const clicks = env.fromSource(new PushSource<number>("clicks"), WatermarkStrategy.noWatermarks(), "clicks");
 * clicks.map((n) => n * 2).sinkTo(collectSink("doubled"));
 * const client = await env.executeAsync();
 * await client.push("clicks", [1, 2]);
 * await client.stop();
 * for await (const batch of client.results<number>("doubled")) console.log(batch); // [ 2, 4 ]
 * ```
 */
export class PushSource<out T> implements Source<T, null, null> {
  /** Only for the compiler: the records that it gives. */
  declare readonly recordType?: T;
  readonly boundedness = "CONTINUOUS_UNBOUNDED";
  readonly splitType = nothing;
  readonly enumeratorStateType = nothing;
  readonly submitterName: string;

  /** @throws JobError INVALID_ARGUMENT for an empty name */
  constructor(name: string) {
    if (typeof name !== "string" || name === "") {
      throw new JobError("INVALID_ARGUMENT", `a PushSource takes the name under which records are pushed, such as "clicks", but got ${show(name)}`);
    }
    this.submitterName = name;
  }

  describe(): string {
    return `what is pushed as ${show(this.submitterName)}`;
  }

  createEnumerator(): ReturnType<Source<T, null, null>["createEnumerator"]> {
    return {
      start() {},
      addReader() {},
      handleSplitRequest() {},
      addSplitsBack() {},
      snapshotState: () => null,
      close() {},
    };
  }

  restoreEnumerator(): ReturnType<Source<T, null, null>["createEnumerator"]> {
    return this.createEnumerator();
  }

  createReader(context: SourceReaderContext): SourceReader<T, null> {
    return new PushReader(context.inbox(this.submitterName), context);
  }
}

class PushReader<T> implements SourceReader<T, null> {
  readonly #inbox: Inbox;

  constructor(inbox: Inbox, context: SourceReaderContext) {
    this.#inbox = inbox;
    inbox.onArrival(() => context.notifyAvailable());
  }

  start(): void {}

  pollNext(output: ReaderOutput<T>): InputStatus {
    const taken = this.#inbox.take();
    if (taken === undefined) return "NOTHING_AVAILABLE";
    output.collect(taken.record as T);
    return "MORE_AVAILABLE";
  }

  addSplits(): void {}

  notifyNoMoreSplits(): void {}

  snapshotState(): readonly null[] {
    return [];
  }

  close(): void {}
}
