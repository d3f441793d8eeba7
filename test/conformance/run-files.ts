import type { CaseKind } from "./case-kind.ts";
import { CASE_KINDS } from "./kinds.ts";
import { type Outcome, failed, skipped } from "./outcome.ts";

export interface CaseFile {
  readonly path: string;
  readonly text: string;
}

export interface CaseResult {
  readonly path: string;
  readonly id: string;
  readonly outcome: Outcome;
}

/** Runs every case of a file. What cannot be read, or throws, fails; a file of no known kind is skipped as one case. */
export function runCaseFile({ path, text }: CaseFile): CaseResult[] {
  const kind = kindOf(path);
  if (kind === undefined) return [{ path, id: "*", outcome: skipped("no kind of cases has this file name") }];
  try {
    return kind.casesOf(JSON.parse(text)).map(({ id, run }) => ({ path, id, outcome: guarded(run) }));
  } catch (error) {
    return [{ path, id: "*", outcome: failed(`cannot be read as cases: ${String(error)}`) }];
  }
}

export function kindOf(path: string): CaseKind | undefined {
  const stem = path.slice(path.lastIndexOf("/") + 1).replace(/\.json$/, "");
  return CASE_KINDS.find(({ name }) => stem === name) ?? CASE_KINDS.find(({ name }) => stem.startsWith(name));
}

function guarded(run: () => Outcome): Outcome {
  try {
    return run();
  } catch (error) {
    return failed(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}
