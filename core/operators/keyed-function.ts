import { type KeyId, keyId, keyValue, showKey } from "../data/key.ts";
import { type FunctionScope, bindingOf } from "../functions/function-binding.ts";
import type { JobError } from "../lib/errors.ts";
import type { KeyCursor } from "../state/bound-state.ts";
import { NO_NAMESPACE } from "../state/keyed-state.ts";
import type { OperatorContext } from "./operator.ts";

/** Reads the key of a record; what it gives must be a key, see `keyId`. */
export type KeyOf<in T> = (record: T) => unknown;

/** A user function on a keyed stream, as one subtask uses it: the key at hand, and the state handles that follow it. */
export class KeyedFunction {
  readonly scope: FunctionScope;
  /** Where state handles of the function read and write. */
  readonly cursor: KeyCursor = { key: "", namespace: NO_NAMESPACE };
  readonly #context: OperatorContext;

  constructor(fn: object, context: OperatorContext) {
    this.#context = context;
    this.scope = bindingOf(fn).scope(context, this.cursor);
  }

  /**
   * Makes the key of the record the one at hand.
   * @throws JobError INVALID_KEY with the record where it has none
   */
  takeKeyOf<T>(keyOf: KeyOf<T>, record: T, timestamp: number): KeyId {
    try {
      return (this.cursor.key = keyId(keyOf(record)));
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
  }

  /** The key at hand as the user knows it. */
  get currentKey(): unknown {
    return keyValue(this.cursor.key);
  }

  /** The error to throw for what `onTimer` threw; names the key, since there is no record. */
  timerError(cause: unknown, time: number): JobError {
    const error = this.#context.userError(cause, undefined, time);
    return error === cause ? error : error.at({ key: showKey(this.cursor.key) });
  }
}
