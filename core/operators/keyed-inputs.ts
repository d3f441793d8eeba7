import { type FunctionScope, bindingOf } from "../functions/function-binding.ts";
import { assert } from "../lib/assert.ts";
import { type KeyOf, KeyedFunction } from "./keyed-function.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";

/**
 * Makes an operator without timers for a user's function: with `keys`, one key selector for each input of a keyed stream, the function may use keyed state.
 */
export function inScope(
  fn: object,
  context: OperatorContext,
  keys: readonly KeyOf<never>[] | undefined,
  create: (scope: FunctionScope) => Operator,
): Operator {
  if (keys === undefined) return create(bindingOf(fn).scope(context, undefined));
  const keyed = new KeyedFunction(fn, context);
  return new KeyedInputs(create(keyed.scope), keyed, keys);
}

/** Makes the key of each record the one at hand before the operator behind takes it. */
class KeyedInputs implements Operator {
  readonly inputs: readonly Output<never>[];
  readonly #operator: Operator;
  readonly #function: KeyedFunction;

  constructor(operator: Operator, fn: KeyedFunction, keys: readonly KeyOf<never>[]) {
    assert(operator.inputs.length === keys.length, "every input of a keyed operator has a key selector");
    this.#operator = operator;
    this.#function = fn;
    this.inputs = operator.inputs.map((input, index) => keyedInput(input, fn, keys[index]!));
  }

  open(): void {
    this.#operator.open?.();
  }

  finish(): void {
    this.#operator.finish?.();
  }

  close(): void {
    this.#operator.close?.();
  }

  snapshot(checkpointId: number): void {
    this.#operator.snapshot?.(checkpointId);
  }

  endKey(): void {
    this.#function.scope.clearStates();
  }
}

function keyedInput(input: Output<never>, fn: KeyedFunction, keyOf: KeyOf<never>): Output<never> {
  return {
    processRecord(record, timestamp) {
      fn.takeKeyOf(keyOf, record, timestamp);
      input.processRecord(record, timestamp);
    },
    processWatermark: (watermark) => input.processWatermark(watermark),
    processIdleness: (idle) => input.processIdleness(idle),
  };
}
