import { type KeyId, showKey } from "../data/key.ts";
import { InvariantViolation } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import type { OperatorContext } from "./operator.ts";

/** What is thrown where a window of the key has failed; `key` is undefined where all records have one. */
export function windowFailure(context: OperatorContext, cause: unknown, key: KeyId | undefined, record: unknown, timestamp: number): Error {
  // What an operator behind this one threw knows its place.
  if (cause instanceof InvariantViolation || (cause instanceof JobError && cause.place.operator !== undefined)) return cause;
  const error = context.userError(cause, record, timestamp);
  return key === undefined ? error : error.at({ key: showKey(key) });
}
