import type { JobGraphJson } from "../graph/fingerprint.ts";
import { JobError } from "../lib/errors.ts";
import { nearestName } from "../lib/nearest-name.ts";
import { show } from "../lib/show.ts";

/**
 * Undefined means that there is no bound.
 * @throws JobError INVALID_ARGUMENT unless it is a number of records a second, 0 or more, or undefined.
 */
export function checkedRate(value: unknown): number | undefined {
  if (value === undefined || value === Infinity) return undefined;
  if (typeof value === "number" && 0 <= value) return value;
  throw new JobError("INVALID_ARGUMENT", `throttle takes records a second, 0 or more, or undefined for no bound, but got ${show(value)}`);
}

/** @throws JobError INVALID_ARGUMENT unless it is a time greater than zero, ms. */
export function checkedIntervalMs(value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && 0 < value) return value;
  throw new JobError("INVALID_ARGUMENT", `everyMs must be a time in ms greater than zero, but is ${show(value)}`);
}

/**
 * @param what such as `collectSink`
 * @throws JobError INVALID_ARGUMENT where the job has nothing of that name; nothing would ever come of it
 */
export function requireName(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const nearest = nearestName(name, known);
  const advice = nearest !== undefined ? `did you mean "${nearest}"?` : known.length === 0 ? "it has none" : `it has ${known.map((each) => show(each)).join(", ")}`;
  throw new JobError("INVALID_ARGUMENT", `the job has no ${what} ${show(name)}: ${advice}`);
}

/** Under which names a job takes records from its submitter, and gives some. */
export interface SubmitterNames {
  readonly sources: readonly string[];
  readonly results: readonly string[];
}

export function submitterNames({ vertices }: JobGraphJson): SubmitterNames {
  const operators = vertices.flatMap((vertex) => vertex.operators);
  const namesOf = (kind: string): readonly string[] => operators.flatMap((operator) => (operator.kind === kind && operator.submitterName !== null ? [operator.submitterName] : []));
  return { sources: namesOf("source"), results: namesOf("sink") };
}
