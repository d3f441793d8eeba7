import type { Outcome } from "./outcome.ts";

export interface NamedCase {
  readonly id: string;
  run(): Outcome;
}

/** How the cases of one kind of file are run. */
export interface CaseKind {
  /** The file's name without `.json`. A name that only begins with it (`assigners_more.json`) is of this kind too. */
  readonly name: string;
  /**
   * Takes the parsed file apart. Its shape is described by the cases' own documentation, not checked: a case that does not have
   * it fails.
   */
  readonly casesOf: (content: unknown) => readonly NamedCase[];
}

interface CaseWithId {
  readonly id: string;
}

/** A kind whose file is an array of cases, each with its id. */
export function arrayKind<C extends CaseWithId>(name: string, run: (input: C) => Outcome): CaseKind {
  return { name, casesOf: (content) => (content as readonly C[]).map((input) => ({ id: input.id, run: () => run(input) })) };
}

/**
 * A kind of a feature that is not built yet: every case is skipped with this reason; a file that is no array of cases counts as
 * one.
 */
export function notBuiltYet(name: string, feature: string): CaseKind {
  const run = (): Outcome => ({ kind: "skipped", reason: `${feature} not built yet` });
  return {
    name,
    casesOf: (content) => {
      const cases = Array.isArray(content) ? (content as readonly CaseWithId[]) : [{ id: "*" }];
      return cases.map(({ id }) => ({ id, run }));
    },
  };
}
