import { describe, expect, test } from "vitest";
import { bannedGlobals } from "./tidy/banned-globals.ts";
import { dataPath } from "./tidy/data-path.ts";
import { docComments, errorPages, links } from "./tidy/documents.ts";
import { importCycles } from "./tidy/import-cycles.ts";
import { languageFeatures, moduleEffects, typeHoles } from "./tidy/language.ts";
import { layers } from "./tidy/layers.ts";
import { fileNames, lengths } from "./tidy/lengths-and-names.ts";
import type { Finding, Rule } from "./tidy/rule.ts";
import { treeOf, treeOfRepository } from "./tidy/source-tree.ts";
import { marks, strangeWords } from "./tidy/words.ts";

/** The rules of docs/style.md that a machine can check, on every file of the repository. Each one also proves on made-up files that it can fail. */
const RULES: readonly Rule[] = [
  layers,
  importCycles,
  moduleEffects,
  bannedGlobals,
  dataPath,
  languageFeatures,
  typeHoles,
  lengths,
  fileNames,
  marks,
  strangeWords,
  docComments,
  errorPages,
  links,
];

const repository = treeOfRepository();

describe.each(RULES)("$title", (rule) => {
  test("the repository keeps the rule", () => {
    expect(rule.check(repository).map(shown)).toEqual([]);
  });

  test.each(rule.refuses.map((files) => [firstOf(files), files] as const))("refuses %s", (_title, files) => {
    expect(rule.check(treeOf(files))).not.toEqual([]);
  });

  test.each(rule.accepts.map((files) => [firstOf(files), files] as const))("accepts %s", (_title, files) => {
    expect(rule.check(treeOf(files)).map(shown)).toEqual([]);
  });
});

function shown({ path, line, message }: Finding): string {
  return `${path}:${line} ${message}`;
}

function firstOf(files: Readonly<Record<string, string>>): string {
  const [path, text] = Object.entries(files)[0]!;
  return `${path}: ${text.slice(0, 60).replaceAll("\n", " ")}`;
}
