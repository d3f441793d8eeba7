import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { type CaseResult, runCaseFile } from "../test/conformance/run-files.ts";

/**
 * `npm run conformance -- DIR…`: runs all cases under the folders (or in the files) given, by default those of this repository.
 */
const ROOT_DEFAULT = new URL("../test/conformance", import.meta.url).pathname;

function main(roots: readonly string[]): number {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const root of roots.length === 0 ? [ROOT_DEFAULT] : roots) {
    const paths = caseFilesUnder(resolve(root));
    if (paths === undefined) {
      console.error(`there is no folder or file ${root}\nusage: npm run conformance -- DIR…`);
      return 2;
    }
    for (const path of paths) {
      const results = runCaseFile({ path, text: readFileSync(path, "utf8") });
      report(path.slice(resolve(root).length + 1) || path, results);
      for (const { outcome } of results) counts[outcome.kind] += 1;
    }
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed === 0 ? 0 : 1;
}

/** Undefined where there is nothing at `root`. */
function caseFilesUnder(root: string): string[] | undefined {
  const stats = statSync(root, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isFile()) return [root];
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(root, name));
}

/** Failures one by one; the skipped of a file together where their reason is the same. */
function report(name: string, results: readonly CaseResult[]): void {
  const idsByReason = new Map<string, string[]>();
  for (const { id, outcome } of results) {
    if (outcome.kind === "failed") console.log(indented(`FAILED  ${name} › ${id}\n${outcome.reason}`));
    if (outcome.kind === "skipped") idsByReason.set(outcome.reason, [...(idsByReason.get(outcome.reason) ?? []), id]);
  }
  for (const [reason, ids] of idsByReason) {
    console.log(`skipped ${name} › ${ids.length === 1 ? ids[0] : `${ids.length} cases`}: ${reason}`);
  }
}

function indented(text: string): string {
  return text.replaceAll("\n", "\n        ");
}

process.exitCode = main(process.argv.slice(2));
