import { type Rule, eachSource, isTest } from "./rule.ts";
import { lineAt } from "./source-tree.ts";
import { type SyntaxNode, childNode, nameOf, walk } from "./syntax.ts";

const FILE_LINES_MAX = 600;
const FUNCTION_LINES_MAX = 70;

export const lengths: Rule = {
  title: `files of at most ${FILE_LINES_MAX} lines, functions of at most ${FUNCTION_LINES_MAX}`,
  check: eachSource([], (file, report) => {
    const { text, program } = file;
    const fileLines = text.trimEnd().split("\n").length;
    if (FILE_LINES_MAX < fileLines) report({ type: "File", start: 0, end: 0 }, `${fileLines} lines; a file has one subject and at most ${FILE_LINES_MAX}`);
    walk(program, (node, ancestors) => {
      if (!/Function(Expression|Declaration)$/.test(node.type) || (isTest(file.path) && groupsTests(node, ancestors.at(-1)))) return;
      const lines = lineAt(text, node.end) - lineAt(text, node.start) + 1;
      if (FUNCTION_LINES_MAX < lines) report(node, `a function of ${lines} lines; one screen, ${FUNCTION_LINES_MAX}, is the most`);
    });
  }),
  refuses: [
    { "core/lib/x.ts": "const x = 1;\n".repeat(601) },
    { "core/lib/x.ts": `function long() {\n${"  run();\n".repeat(69)}}` },
    { "core/lib/x.ts": `const long = () => {\n${"  run();\n".repeat(69)}};` },
    { "core/lib/x.ts": `class A { long() {\n${"  run();\n".repeat(69)}} }` },
    { "test/x.test.ts": `test("long", () => {\n${"  run();\n".repeat(69)}});` },
  ],
  accepts: [
    { "core/lib/x.ts": "const x = 1;\n".repeat(600) },
    { "core/lib/x.ts": `function screen() {\n${"  run();\n".repeat(68)}}` },
    { "test/x.test.ts": `describe("many", () => {\n${"  test();\n".repeat(100)}});` },
    { "test/x.test.ts": `describe.each([1, 2])("%i", () => {\n${"  test();\n".repeat(100)}});` },
  ],
};

function groupsTests(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  const callee = parent?.type === "CallExpression" ? childNode(parent, "callee") : undefined;
  if (callee === undefined || callee === node) return false;
  // describe(…), and describe.each(…)(…).
  const named = callee.type === "CallExpression" ? childNode(callee, "callee") : callee;
  return nameOf(named) === "describe" || nameOf(named === undefined ? undefined : childNode(named, "object")) === "describe";
}

const NO_SUBJECT = new Set(["util", "utils", "helper", "helpers", "common", "types", "misc", "shared"]);

export const fileNames: Rule = {
  title: "a file is named after its subject, in lower case with hyphens",
  check: eachSource([], (file, report) => {
    const name = file.path.split("/").at(-1)!.replace(/(\.(test|case|test-d|config|svelte|d))?\.ts$/, "");
    const at = { type: "File", start: 0, end: 0 };
    // The tests of types have a subject.
    if (NO_SUBJECT.has(name) && !/\.test(-d)?\.ts$/.test(file.path)) report(at, `"${name}" is no subject: what is in it?`);
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) report(at, `"${name}" is not in lower case with hyphens`);
  }),
  refuses: [{ "core/lib/utils.ts": "" }, { "core/state/types.ts": "" }, { "test/helpers.ts": "" }, { "core/lib/RingBuffer.ts": "" }, { "core/lib/ring_buffer.ts": "" }],
  accepts: [{ "core/data/composite-types.ts": "" }, { "core/globals.d.ts": "" }, { "vitest.config.ts": "" }, { "web/playground/src/stores/session.svelte.ts": "" }, { "test/lib/ring-buffer.test.ts": "" }, { "test/api/types.test-d.ts": "" }],
};
