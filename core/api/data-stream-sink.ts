import type { StreamNode } from "../graph/stream-graph.ts";
import { setName, setParallelism, setUid } from "./node-settings.ts";

/**
 * The end of a stream. Its methods change the sink and return it.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromElements("a", "b").print().name("letters").uid("letters"); // a, b
 * await env.execute();
 * ```
 */
export class DataStreamSink<out T> {
  /** Only for the compiler: the records of the stream that it ends. */
  declare readonly recordType?: T;
  readonly #node: StreamNode;

  constructor(node: StreamNode) {
    this.#node = node;
  }

  /** What `explain`, metrics and errors call it. @throws JobError INVALID_ARGUMENT when empty. */
  name(name: string): this {
    setName(this.#node, name);
    return this;
  }

  /**
   * Names its state across versions of the job. @throws JobError INVALID_ARGUMENT when empty; DUPLICATE_UID once the graph is
   * complete.
   */
  uid(uid: string): this {
    setUid(this.#node, uid);
    return this;
  }

  /** How many subtasks write. @throws JobError INVALID_ARGUMENT unless it is a whole number from 1 on. */
  setParallelism(parallelism: number): this {
    setParallelism(this.#node, parallelism);
    return this;
  }

  /** Runs it in a task of its own. */
  disableChaining(): this {
    this.#node.chaining = "never";
    return this;
  }
}
