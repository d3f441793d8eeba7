/** Operators that run functions without timers, with keys or without: one part. */
export { CoFlatMapOperator } from "./co-flat-map-operator.ts";
export { CoMapOperator } from "./co-map-operator.ts";
export { CoProcessOperator } from "./co-process-operator.ts";
export { FilterOperator } from "./filter-operator.ts";
export { FlatMapOperator } from "./flat-map-operator.ts";
export { inScope } from "./keyed-inputs.ts";
export { MapOperator } from "./map-operator.ts";
export { ProcessOperator } from "./process-operator.ts";
