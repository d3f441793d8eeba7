import type {
  CoFlatMapFunction,
  CoMapFunction,
  CoProcessFunctionLike,
  FilterFunction,
  FlatMapFunction,
  MapFunction,
  ProcessFunctionLike,
} from "../functions/stream-functions.ts";
import { Part } from "../lib/part.ts";
import { tablesAndTimers } from "../state/state-parts.ts";
import type { TwoKeys } from "./co-map-operator.ts";
import { declaredState } from "./declared-state.ts";
import type { KeyedCoProcessOptions } from "./keyed-co-process-operator.ts";
import type { KeyOf } from "./keyed-function.ts";
import type { KeyedProcessOptions } from "./keyed-process-operator.ts";
import type { KeyedReduceOptions } from "./keyed-reduce-operator.ts";
import type { OperatorFactory } from "./operator.ts";

/** Operators that run a user's function, as the graph knows them: what they do is loaded where a job runs them. */
export const functionOperators = /* @__PURE__ */ new Part(() => import("./function-operators.ts"));
export const keyedOperators = /* @__PURE__ */ new Part(() => import("./keyed-operators.ts"));

/** `keyOf` on a keyed stream: then the function may use keyed state. */
export function mapFactory<T, R>(fn: MapFunction<T, R>, keyOf?: KeyOf<T>): OperatorFactory {
  return {
    kind: "map",
    details: declaredState(fn, keyOf === undefined ? "unkeyed" : "keyed"),
    parts: () => functionParts(keyOf !== undefined),
    create: (context) => {
      const { MapOperator, inScope } = functionOperators.module;
      return inScope(fn, context, keyOf === undefined ? undefined : [keyOf], (scope) => new MapOperator(fn, context, scope));
    },
  };
}

/** `keyOf` on a keyed stream: then the function may use keyed state. */
export function filterFactory<T>(fn: FilterFunction<T>, keyOf?: KeyOf<T>): OperatorFactory {
  return {
    kind: "filter",
    details: declaredState(fn, keyOf === undefined ? "unkeyed" : "keyed"),
    parts: () => functionParts(keyOf !== undefined),
    create: (context) => {
      const { FilterOperator, inScope } = functionOperators.module;
      return inScope(fn, context, keyOf === undefined ? undefined : [keyOf], (scope) => new FilterOperator(fn, context, scope));
    },
  };
}

/** `keyOf` on a keyed stream: then the function may use keyed state. */
export function flatMapFactory<T, R>(fn: FlatMapFunction<T, R>, keyOf?: KeyOf<T>): OperatorFactory {
  return {
    kind: "flatMap",
    details: declaredState(fn, keyOf === undefined ? "unkeyed" : "keyed"),
    suspends: true,
    parts: () => functionParts(keyOf !== undefined),
    create: (context) => {
      const { FlatMapOperator, inScope } = functionOperators.module;
      return inScope(fn, context, keyOf === undefined ? undefined : [keyOf], (scope) => new FlatMapOperator(fn, context, scope));
    },
  };
}

export function processFactory<T, R>(fn: ProcessFunctionLike<T, R>): OperatorFactory {
  return {
    kind: "process",
    details: declaredState(fn, "unkeyed"),
    parts: () => [functionOperators],
    create: (context) => new functionOperators.module.ProcessOperator(fn, context),
  };
}

/** `keys` where both streams are keyed: then the function may use keyed state. */
export function coMapFactory<A, B, R>(fn: CoMapFunction<A, B, R>, keys?: TwoKeys<A, B>): OperatorFactory {
  return {
    kind: "coMap",
    details: declaredState(fn, keys === undefined ? "unkeyed" : "keyed"),
    parts: () => functionParts(keys !== undefined),
    create: (context) => {
      const { CoMapOperator, inScope } = functionOperators.module;
      return inScope(fn, context, keys === undefined ? undefined : [keys.keyOf1, keys.keyOf2], (scope) => new CoMapOperator(fn, context, scope));
    },
  };
}

/** `keys` where both streams are keyed: then the function may use keyed state. */
export function coFlatMapFactory<A, B, R>(fn: CoFlatMapFunction<A, B, R>, keys?: TwoKeys<A, B>): OperatorFactory {
  return {
    kind: "coFlatMap",
    details: declaredState(fn, keys === undefined ? "unkeyed" : "keyed"),
    suspends: true,
    parts: () => functionParts(keys !== undefined),
    create: (context) => {
      const { CoFlatMapOperator, inScope } = functionOperators.module;
      return inScope(fn, context, keys === undefined ? undefined : [keys.keyOf1, keys.keyOf2], (scope) => new CoFlatMapOperator(fn, context, scope));
    },
  };
}

export function coProcessFactory<A, B, R>(fn: CoProcessFunctionLike<A, B, R>): OperatorFactory {
  return {
    kind: "coProcess",
    details: declaredState(fn, "unkeyed"),
    parts: () => [functionOperators],
    create: (context) => new functionOperators.module.CoProcessOperator(fn, context),
  };
}

export function keyedProcessFactory<K, T, R>(options: KeyedProcessOptions<K, T, R>): OperatorFactory {
  return {
    kind: "keyedProcess",
    details: declaredState(options.fn, "keyed with timers"),
    suspends: true,
    parts: () => [keyedOperators, tablesAndTimers],
    create: (context) => new keyedOperators.module.KeyedProcessOperator(options, context),
  };
}

export function keyedCoProcessFactory<K, A, B, R>(options: KeyedCoProcessOptions<K, A, B, R>): OperatorFactory {
  return {
    kind: "keyedCoProcess",
    details: declaredState(options.fn, "keyed with timers"),
    suspends: true,
    parts: () => [keyedOperators, tablesAndTimers],
    create: (context) => new keyedOperators.module.KeyedCoProcessOperator(options, context),
  };
}

export function keyedReduceFactory<T>(options: KeyedReduceOptions<T>): OperatorFactory {
  return {
    kind: "keyedReduce",
    details: { state: "the reduced record of each key" },
    parts: () => [keyedOperators, tablesAndTimers],
    create: (context) => new keyedOperators.module.KeyedReduceOperator(options, context),
  };
}

/** Functions on keyed streams may have state. */
function functionParts(isKeyed: boolean): readonly Part<unknown>[] {
  return isKeyed ? [functionOperators, tablesAndTimers] : [functionOperators];
}
