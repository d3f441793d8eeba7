import { readFileSync, readdirSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "rolldown/utils";
import { type SyntaxNode, childNode, nameOf, walk } from "./syntax.ts";

/** The files that the rules look at: those of the repository, or a few made up to show what a rule refuses. */
export interface SourceTree {
  /** Every text file, TypeScript included. */
  readonly texts: readonly TextFile[];
  /** Every TypeScript file. */
  readonly sources: readonly SourceFile[];
  /** Whether there is a file or a folder at the path. */
  has(path: string): boolean;
}

export interface TextFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

export interface SourceFile extends TextFile {
  readonly program: SyntaxNode;
  readonly comments: readonly Comment[];
  readonly imports: readonly Import[];
}

export interface Comment {
  readonly type: "Line" | "Block";
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** One import, re-export or import(). */
export interface Import {
  readonly specifier: string;
  /** The path of the imported file; undefined for a package. */
  readonly path: string | undefined;
  /** Whether nothing of it is left when the types are gone. */
  readonly typeOnly: boolean;
  readonly line: number;
}

const UNTRACKED = new Set([".git", ".cache", "node_modules", "dist", "dist-playground", "test-artifacts", "coverage"]);
const TEXT = /(\.(ts|mts|js|mjs|json|jsonl|md|py|sh|yml|yaml)|^(LICENSE|NOTICE|\.gitignore|run))$/;

export function treeOfRepository(): SourceTree {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const paths: string[] = [];
  const list = (folder: string): void => {
    for (const entry of readdirSync(`${root}/${folder}`, { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (UNTRACKED.has(entry.name)) continue;
      if (entry.isDirectory()) list(path);
      else if (TEXT.test(entry.name)) paths.push(path);
    }
  };
  list("");
  return treeOf(Object.fromEntries(paths.sort().map((path) => [path, readFileSync(`${root}/${path}`, "utf8")])));
}

/** A tree of files by path. */
export function treeOf(files: Readonly<Record<string, string>>): SourceTree {
  const texts = Object.entries(files).map(([path, text]) => ({ path, text }));
  const paths = new Set<string>();
  for (const { path } of texts) for (let at = path; at !== "."; at = posix.dirname(at)) paths.add(at);
  return { texts, sources: texts.filter(({ path }) => path.endsWith(".ts")).map(parse), has: (path) => paths.has(path) };
}

function parse({ path, text }: TextFile): SourceFile {
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]!.message}`);
  const root = program as unknown as SyntaxNode;
  return { path, text, program: root, comments, imports: importsOf(path, text, root) };
}

export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

function importsOf(path: string, text: string, program: SyntaxNode): Import[] {
  const imports: Import[] = [];
  walk(program, (node) => {
    // The kind of `import { type T }` is "value": under verbatimModuleSyntax the import itself stays.
    const typeOnly = node.type === "TSImportType" || (node["importKind"] ?? node["exportKind"]) === "type";
    const source = childNode(node, "source");
    if (source === undefined) return;
    // A computed specifier is shown as it is written.
    const specifier = nameOf(source) ?? text.slice(source.start, source.end);
    const target = specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : undefined;
    imports.push({ specifier, path: target, typeOnly, line: lineAt(text, node.start) });
  });
  return imports;
}
