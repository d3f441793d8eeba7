import { SingleOutputStreamOperator } from "./single-output-stream-operator.ts";

/**
 * The stream of a source, with what can be set on it. Sources of elements and of collections run in one instance.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const numbers = env.fromSequence(1, 100).name("numbers").setParallelism(2);
 * console.log((await numbers.executeAndCollect().toArray()).length); // 100
 * ```
 */
export class DataStreamSource<out T> extends SingleOutputStreamOperator<T> {}
