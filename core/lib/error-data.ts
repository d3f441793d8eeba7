import { type ErrorCode, type ErrorPlace, ERROR_CODES, JobError } from "./errors.ts";

/** A JobError as plain data: what is left of it where it crosses to another thread or machine. */
export interface JobErrorData {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly place: ErrorPlace;
  readonly stack: string | undefined;
  readonly cause: { readonly name: string; readonly message: string; readonly stack: string | undefined } | undefined;
}

export function errorToData(error: JobError): JobErrorData {
  const { code, reason, place, stack, cause } = error;
  return { code, reason, place, stack, cause: cause === undefined ? undefined : causeData(cause) };
}

/** The same error, with the stack of where it came from; its cause is an `Error`, whatever was thrown. */
export function errorFromData({ code, reason, place, stack, cause }: JobErrorData): JobError {
  // What another version may send is still an error.
  const known = Object.hasOwn(ERROR_CODES, code) ? code : "INTERNAL";
  const error = new JobError(known, reason, cause === undefined ? place : { ...place, cause: causeError(cause) });
  if (stack !== undefined) error.stack = stack;
  return error;
}

function causeData(cause: unknown): NonNullable<JobErrorData["cause"]> {
  if (cause instanceof Error) return { name: cause.name, message: cause.message, stack: cause.stack };
  return { name: "Error", message: String(cause), stack: undefined };
}

function causeError({ name, message, stack }: NonNullable<JobErrorData["cause"]>): Error {
  const error = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
