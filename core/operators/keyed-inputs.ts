import type { FunctionScope } from "../functions/function-binding.ts";
import { assert } from "../lib/assert.ts";
import { type KeyOf, KeyedFunction } from "./keyed-function.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";

/** Puts an operator without timers on a keyed stream: its function may use keyed state. `keys` has one key selector per input. */
export function withKeys(
  fn: object,
  context: OperatorContext,
  keys: readonly KeyOf<never>[],
  create: (scope: FunctionScope) => Operator,
): Operator {
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
