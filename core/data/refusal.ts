import { JobError } from "../lib/errors.ts";

/** A name that needs no quotes. */
export const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
/** A path is cut in its middle beyond this length, so that the offending end stays readable. */
const PATH_LENGTH_MAX = 160;

/**
 * The refusal of a value at the root `$` of what is being written. On its way up, every container adds the step that led to it
 * (`under`), so that nothing is spent on paths as long as nothing goes wrong.
 */
export function refusal(what: string, cause?: unknown): JobError {
  return new JobError("NOT_SERIALIZABLE", `$: ${what}`, cause === undefined ? {} : { cause });
}

/** The same for what is to be a key. */
export function keyRefusal(what: string): JobError {
  return new JobError("INVALID_KEY", `$: ${what}`);
}

/** The error again, one step further from the root; errors of other kinds pass unchanged. */
export function under(step: string, error: unknown): unknown {
  if (!(error instanceof JobError) || !error.reason.startsWith("$")) return error;
  if (error.code !== "NOT_SERIALIZABLE" && error.code !== "INVALID_KEY") return error;
  const colon = error.reason.indexOf(": ");
  let path = `$${step}${error.reason.slice(1, colon)}`;
  if (PATH_LENGTH_MAX < path.length) path = `${path.slice(0, PATH_LENGTH_MAX / 4)}…${path.slice(-PATH_LENGTH_MAX / 2)}`;
  return new JobError(error.code, path + error.reason.slice(colon), { ...error.place, cause: error.cause });
}

/** The step of a path from an object to its field: `.name`, or `["any other name"]`. */
export function fieldStep(name: string): string {
  return IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** The step of a path from an array to its element. */
export function elementStep(index: number): string {
  return `[${index}]`;
}
