import { OutputTag } from "../functions/output-tag.ts";
import type { StreamNode } from "../graph/stream-graph.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { DataStream } from "./data-stream.ts";
import { setMaxParallelism, setName, setParallelism, setUid } from "./node-settings.ts";
import { outputOf, type StreamGraphBuilder } from "./stream-graph-builder.ts";

/**
 * The stream of an operator's results, with what can be set on that operator. Its methods change the operator and return the
 * stream.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const lines = env.fromElements("to be", "or not");
 * const words = lines.flatMap((line) => line.split(" ")).name("words").uid("words").setParallelism(2);
 * console.log((await words.executeAndCollect().toArray()).sort()); // [ 'be', 'not', 'or', 'to' ]
 * ```
 */
export class SingleOutputStreamOperator<out T> extends DataStream<T> {
  readonly #graph: StreamGraphBuilder;
  readonly #node: StreamNode;

  constructor(graph: StreamGraphBuilder, node: StreamNode) {
    super(outputOf(graph, node));
    this.#graph = graph;
    this.#node = node;
  }

  /** What `explain`, metrics and errors call it. @throws JobError INVALID_ARGUMENT when empty. */
  name(name: string): this {
    setName(this.#node, name);
    return this;
  }

  /**
   * Names its state across versions of the job; without one, a uid is derived from what the operator does and what feeds it.
   * @throws JobError INVALID_ARGUMENT when empty; DUPLICATE_UID once the graph is complete.
   */
  uid(uid: string): this {
    setUid(this.#node, uid);
    return this;
  }

  /**
   * How many subtasks it has. @throws JobError INVALID_ARGUMENT unless it is a whole number from 1 to the maximum, or 1 where it
   * runs in one instance.
   */
  setParallelism(parallelism: number): this {
    setParallelism(this.#node, parallelism);
    return this;
  }

  /**
   * Its number of key groups: the bound on any later parallelism. It cannot change once there is state. @throws JobError
   * INVALID_ARGUMENT
   */
  setMaxParallelism(maxParallelism: number): this {
    setMaxParallelism(this.#node, maxParallelism);
    return this;
  }

  /** Runs it in a task of its own. */
  disableChaining(): this {
    this.#node.chaining = "never";
    return this;
  }

  /** Is not fused with what feeds it; what follows may be fused with it. */
  startNewChain(): this {
    this.#node.chaining = "head";
    return this;
  }

  /** The records that the operator emits under this tag: none where it emits none. */
  getSideOutput<S>(tag: OutputTag<S>): DataStream<S> {
    if (!(tag instanceof OutputTag)) {
      throw new JobError(
        "INVALID_ARGUMENT",
        `getSideOutput takes the OutputTag that the operator emits to, such as new OutputTag("late"), but got ${show(tag)}`,
      );
    }
    const inputs = [{ node: this.#node, partitioner: undefined, sideOutput: tag.id }];
    return this.#graph.makers.stream({ graph: this.#graph, inputs, keyOf: undefined });
  }
}
