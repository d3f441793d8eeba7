import { type SourceFile, type SourceTree, type TextFile, lineAt } from "./source-tree.ts";
import type { SyntaxNode } from "./syntax.ts";

/** A rule of docs/style.md that a machine can check. */
export interface Rule {
  readonly title: string;
  check(tree: SourceTree): Finding[];
  /** Made-up trees (files by path) that break the rule, each in one way: they prove that it can fail. */
  readonly refuses: readonly Files[];
  /** Made-up trees that keep the rule and come close to breaking it. */
  readonly accepts: readonly Files[];
}

export type Files = Readonly<Record<string, string>>;

export interface Finding {
  readonly path: string;
  readonly line: number;
  /** What is wrong here and what to do instead. */
  readonly message: string;
}

export function findingAt(file: TextFile, offset: number, message: string): Finding {
  return { path: file.path, line: lineAt(file.text, offset), message };
}

/** Collects findings in one source file. */
export type Report = (node: SyntaxNode, message: string) => void;

/** A rule's `check` made of a check of each TypeScript file whose path starts with one of `folders` (any, where none is named). */
export function eachSource(folders: readonly string[], check: (file: SourceFile, report: Report) => void): Rule["check"] {
  return ({ sources }) => {
    const findings: Finding[] = [];
    for (const file of sources) {
      if (folders.length > 0 && !folders.some((folder) => file.path.startsWith(folder))) continue;
      check(file, (node, message) => findings.push(findingAt(file, node.start, message)));
    }
    return findings;
  };
}

export function isTest(path: string): boolean {
  return path.startsWith("test/");
}
