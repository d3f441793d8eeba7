import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { isBuilt } from "../scripts/built-package.ts";
import { ROOT } from "../scripts/type-check.ts";
import { type CodeBlock, blocksOfMarkdown, blocksOfSource, isFragment } from "./readme/code-blocks.ts";
import type { ModuleResult } from "./readme/module-runner.ts";
import { treeOfRepository } from "./tidy/source-tree.ts";

/**
 * The examples of README.md, docs/ and the doc comments, as their readers would run them: in modules of their own, importing the built package by its name. The folder
 * stands inside the package, where its name means itself.
 */
const FOLDER = join(ROOT, ".cache", "examples");
const PROCESSES = 2;

const programs = allBlocks().filter((block) => !isFragment(block));
const fileOf = (block: CodeBlock): string => join(FOLDER, `${block.path.replaceAll(/[^\w]+/g, "-")}-${block.line}.ts`);

describe("examples in documents and doc comments", () => {
  const results = new Map<string, ModuleResult>();

  beforeAll(async () => {
    if (!isBuilt()) throw new Error("dist/ was not built from these sources: npm run build");
    writePrograms();
    const files = programs.filter(({ notRun }) => !notRun).map(fileOf);
    const batches = Array.from({ length: PROCESSES }, (_none, index) => files.filter((_file, at) => at % PROCESSES === index));
    for (const batch of await Promise.all(batches.map(runModules))) for (const result of batch) results.set(result.path, result);
  });

  test("their types are right", () => {
    const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", FOLDER], { cwd: FOLDER, encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });

  test.each(programs.filter(({ notRun }) => !notRun).map((block) => [`${block.path}:${block.line}`, block] as const))("%s runs", (_title, block) => {
    const { failure, printed } = results.get(fileOf(block)) ?? { failure: "did not run", printed: [] };
    expect(failure).toBeUndefined();
    if (block.output !== undefined) expect(asText(linesLike(block.output, printed))).toBe(asText(block.output));
  });

  test("the README has an example that runs and says what it prints", () => {
    expect(programs.some((block) => block.path === "README.md" && !block.notRun && block.output !== undefined)).toBe(true);
  });

  test("the examples of core/api are whole programs", () => {
    const fragments = allBlocks().filter((block) => block.path.startsWith("core/api/") && isFragment(block));
    expect(fragments.map(({ path, line }) => `${path}:${line}`)).toEqual([]);
  });
});

describe("blocksOfMarkdown", () => {
  test("finds code, marker, output and line", () => {
    const text = "# A\n\n```ts\nrun();\n```\n\n```text\n1\n2\n```\n\n<!-- not run -->\n```ts\nstop();\n```\n\nand\n\n```text\n3\n```\n";
    expect(blocksOfMarkdown("a.md", text)).toEqual([
      { path: "a.md", line: 4, code: "run();\n", notRun: false, output: ["1", "2"] },
      { path: "a.md", line: 14, code: "stop();\n", notRun: true, output: undefined },
    ]);
  });
});

describe("blocksOfSource", () => {
  test("takes the stars off and the output from the comments behind what prints", () => {
    const text = '/**\n * Says.\n *\n * ```ts\n * import { a } from "tamias";\n *\n * // now\n * console.log(a); // 1, 2\n * ```\n */\n';
    expect(blocksOfSource("a.ts", text)).toEqual([
      { path: "a.ts", line: 5, code: 'import { a } from "tamias";\n\n// now\nconsole.log(a); // 1, 2\n', notRun: false, output: ["1, 2"] },
    ]);
  });
});

function allBlocks(): CodeBlock[] {
  return treeOfRepository().texts.flatMap(({ path, text }) => {
    if (/^(README\.md|docs\/.*\.md)$/.test(path)) return blocksOfMarkdown(path, text);
    return /^(core|node)\/.*\.ts$/.test(path) ? blocksOfSource(path, text) : [];
  });
}

function writePrograms(): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const block of programs) writeFileSync(fileOf(block), block.code);
  // As in a user's project: its own settings, Tamias by the types that were built.
  const { compilerOptions } = JSON.parse(readFileSync(join(ROOT, "tsconfig.base.json"), "utf8")) as { compilerOptions: object };
  const settings = { ...compilerOptions, lib: ["es2023"], types: ["node"], noEmit: true, declaration: false, noUnusedLocals: false };
  writeFileSync(join(FOLDER, "tsconfig.json"), JSON.stringify({ compilerOptions: settings, include: ["*.ts"] }));
}

async function runModules(files: readonly string[]): Promise<ModuleResult[]> {
  const runner = fileURLToPath(new URL("readme/module-runner.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [runner, ...files], { cwd: FOLDER });
  const results = stdout.trimEnd().split("\n").filter((line) => line.startsWith("{"));
  expect(results.length, `${basename(runner)} reports on every module`).toBe(files.length);
  return results.map((line) => JSON.parse(line) as ModuleResult);
}

/** One line, so that what a loop prints can stand in one comment. */
/** A text of many lines that is printed at once stands in the document line by line. */
function linesLike(output: readonly string[], printed: readonly string[]): readonly string[] {
  return output.length === 1 ? printed : printed.flatMap((text) => text.split("\n"));
}

function asText(printed: readonly string[]): string {
  return printed.join(", ").replaceAll(/\s+/g, " ");
}
