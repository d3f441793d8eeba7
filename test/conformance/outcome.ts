/** What running one case gives. A skipped case says why. */
export type Outcome =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "skipped"; readonly reason: string };

export const PASSED: Outcome = { kind: "passed" };

export function failed(reason: string): Outcome {
  return { kind: "failed", reason };
}

export function skipped(reason: string): Outcome {
  return { kind: "skipped", reason };
}

/** Values as the cases write them: "MIN" and "MAX" are Java's Long.MIN_VALUE and Long.MAX_VALUE. */
export type CaseNumber = number | "MIN" | "MAX";

export function numberOf(value: CaseNumber): number {
  return value === "MIN" ? -Infinity : value === "MAX" ? Infinity : value;
}

/** A window as the cases write it. */
export type CaseWindow = { readonly start: CaseNumber; readonly end: CaseNumber } | "GlobalWindow";

/** One line for two answers that differ. */
export function differs(where: string, expected: unknown, actual: unknown): Outcome {
  return failed(`${where}: expected ${JSON.stringify(expected)}, but got ${JSON.stringify(actual)}`);
}
