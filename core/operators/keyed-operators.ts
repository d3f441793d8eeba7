/** Operators that work by key only, with state and timers: one part. */
export { KeyedCoProcessOperator } from "./keyed-co-process-operator.ts";
export { KeyedProcessOperator } from "./keyed-process-operator.ts";
export { KeyedReduceOperator } from "./keyed-reduce-operator.ts";
