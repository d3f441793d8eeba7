import { type Rule, eachSource, isTest } from "./rule.ts";
import type { SourceFile } from "./source-tree.ts";
import { type SyntaxNode, childNode, childNodes, nameOf, walk } from "./syntax.ts";

/** The exported bases that users extend; they are one level and hold no logic. */
const BASES_FOR_USERS = "core/functions/rich-functions.ts";

const BANNED: Readonly<Record<string, string>> = {
  TSEnumDeclaration: "no enums: a union of strings says as much and disappears",
  TSModuleDeclaration: "no namespaces: a file is one",
  TSParameterProperty: "no parameter properties: fields are declared where they are read",
  Decorator: "no decorators: they hide what runs",
  TSExportAssignment: "ES modules only",
  TSImportEqualsDeclaration: "ES modules only",
};

export const languageFeatures: Rule = {
  title: "no enums, namespaces, decorators, parameter properties; no inheritance between operators",
  check: eachSource([], (file, report) => {
    walk(file.program, (node) => {
      const message = isModuleOfFile(node) ? undefined : (BANNED[node.type] ?? inheritanceRefusal(node, file.path));
      if (message !== undefined) report(node, message);
    });
  }),
  refuses: [
    { "core/lib/x.ts": "export enum Color { Red }" },
    { "core/lib/x.ts": "namespace Deep { export const x = 1; }" },
    { "core/lib/x.ts": "class A { constructor(private readonly x: number) {} }" },
    { "core/lib/x.ts": "@sealed class A {}" },
    { "core/lib/x.ts": "export abstract class Base { abstract run(): void }" },
    { "core/operators/map-operator.ts": "export class MapOperator extends Base {}" },
    { "core/operators/map-operator.ts": "export const MapOperator = class extends Base {};" },
  ],
  accepts: [
    { "core/lib/x.ts": "export class Oops extends Error {}" },
    { "edge/wasm-module.d.ts": 'declare module "*.wasm" { const module: WebAssembly.Module; export default module; }' },
    { "core/operators/map-operator.ts": "export class MapOperator implements Operator {}" },
    { [BASES_FOR_USERS]: "export abstract class KeyedProcessFunction extends RichFunction { abstract processElement(): void }" },
  ],
};

/** `declare module "*.wasm"` says what files of another kind are, and is no namespace. */
function isModuleOfFile(node: SyntaxNode): boolean {
  return node.type === "TSModuleDeclaration" && childNode(node, "id")?.type === "Literal";
}

function inheritanceRefusal(node: SyntaxNode, path: string): string | undefined {
  if (!node.type.startsWith("Class") || path === BASES_FOR_USERS) return undefined;
  if (node["abstract"] === true) return "no abstract classes: an interface and a part say what is shared";
  const parent = childNode(node, "superClass");
  return parent !== undefined && path.startsWith("core/operators/") ? "operators are made of parts, they do not inherit" : undefined;
}

export const moduleEffects: Rule = {
  title: "importing has no effects: no default exports, nothing runs at the top of a module",
  check: eachSource([], (file, report) => {
    const isLibrary = /^(core|formats|storages|node|web|edge)\//.test(file.path) && !ENTRY_POINTS.has(file.path);
    for (const statement of childNodes(file.program, "body")) {
      const isDefault = statement.type === "ExportDefaultDeclaration" || exportsDefault(statement);
      if (isDefault && !HAS_DEFAULT.test(file.path)) report(statement, "no default exports: a name can be searched for");
      if (isLibrary && RUNS.test(statement.type)) report(statement, "importing must do nothing: move this into a function");
      const isVariable = statement.type === "VariableDeclaration" && statement["kind"] !== "const";
      if (isLibrary && isVariable && !Object.hasOwn(VARIABLE_ALLOWED, file.path)) report(statement, "no module variables: two jobs would share them");
    }
  }),
  refuses: [
    { "core/lib/x.ts": "export default class A {}" },
    { "core/lib/x.ts": "const a = 1; export { a as default };" },
    { "examples/job.ts": "export default function job() {}" },
    { "core/lib/x.ts": "register();" },
    { "node/x.ts": "if (ready) start();" },
    { "core/lib/x.ts": "let count = 0;" },
  ],
  accepts: [
    { "vitest.config.ts": "export default defineConfig({});" },
    { "edge/worker.ts": "export default { fetch() {} };" },
    { "node/cli/main.ts": "await main();" },
    { "core/lib/x.ts": "const encoder = new TextEncoder(); export const a = 1;" },
    { "scripts/x.ts": "process.exitCode = main();" },
  ],
};

/** Files with a module variable that no two jobs can see in different states, each with the reason. */
const VARIABLE_ALLOWED: Readonly<Record<string, string>> = {
  "core/local-environment.ts": "what runs the jobs of a program is chosen once, by the command line that imports it",
  "core/data/structured-key.ts": "a buffer that is used from start to end within one synchronous call",
};
const PLAYGROUND_ENTRIES = ["web/playground/src/main.ts", "web/playground/src/engine/engine-worker.ts", "web/playground/src/jobs/flights-worker.ts"];
const ENTRY_POINTS = new Set(["node/cli/main.ts", "node/worker.ts", "web/worker.ts", "core/testing/index.ts", ...PLAYGROUND_ENTRIES]);
const HAS_DEFAULT = /^((web\/playground\/)?[^/]+\.config\.ts|((test|scripts\/kill)\/)?edge\/.*|examples\/.*-worker\.ts|wasm\/.*\.d\.ts)$/;
const RUNS = /^(Expression|If|For|ForOf|ForIn|While|DoWhile|Try|Switch|Block|Throw)Statement$/;

function exportsDefault(statement: SyntaxNode): boolean {
  return childNodes(statement, "specifiers").some((specifier) => nameOf(childNode(specifier, "exported")) === "default");
}

/** Files at the wire that need `any`, each with the reason. */
const ANY_ALLOWED: Readonly<Record<string, string>> = {};

export const typeHoles: Rule = {
  title: "no any; no `!` on a plain variable; no silenced errors",
  check: eachSource([], (file, report) => {
    // Tests may assert by hand: what is undefined there fails the test.
    const isStrict = !isTest(file.path);
    const elements = namesOfElements(file);
    walk(file.program, (node) => {
      if (node.type === "TSAnyKeyword" && !Object.hasOwn(ANY_ALLOWED, file.path)) report(node, "no any: unknown keeps the checks");
      if (isStrict && node.type === "TSNonNullExpression" && !mayBeAsserted(childNode(node, "expression")!, elements)) {
        report(node, "no ! on a plain variable: check it, or assert with a claim");
      }
    });
    for (const comment of file.comments) {
      const directive = /^[\s*]*@ts-(ignore|nocheck|expect-error)/.exec(comment.value)?.[1];
      // A type test expects errors: that is how it proves that a mistake does not compile.
      if (directive === undefined || (directive === "expect-error" && isTest(file.path))) continue;
      report({ type: "Comment", start: comment.start, end: comment.end }, `@ts-${directive} silences the compiler`);
    }
  }),
  refuses: [
    { "core/lib/x.ts": "const x = y as any;" },
    { "core/lib/x.ts": "export function f(...rest: readonly any[]): void {}" },
    { "core/lib/x.ts": "const x = limit!;" },
    { "core/lib/x.ts": "// @ts-ignore\nconst x = 1;" },
    { "core/lib/x.ts": "/* @ts-expect-error */ const x = 1;" },
    { "test/lib/x.test.ts": "// @ts-nocheck" },
  ],
  accepts: [
    { "core/lib/x.ts": "const x = items[i]!; const y = map.get(k)!; const z = queue.shift()!; class A { #b?: B; c() { return this.#b!; } }" },
    { "core/lib/x.ts": "const [first, ...others] = items; use(first!); const f = () => fn.merge!(a, b);" },
    { "test/api/types.test.ts": "// @ts-expect-error a window needs a size\nwindow();" },
    { "core/lib/x.ts": "// any word is fine here\nconst any = 1;" },
  ],
};

/** What has an index, a call or a member before it: a check that the compiler has lost on the way. Elements are indices under another name. */
function mayBeAsserted(expression: SyntaxNode, elements: ReadonlySet<string>): boolean {
  return expression.type !== "Identifier" || elements.has(nameOf(expression)!);
}

/** The variables that stand for elements of an array: `[first, second] = …`. */
function namesOfElements(file: SourceFile): Set<string> {
  const names = new Set<string>();
  walk(file.program, (node) => {
    if (node.type !== "ArrayPattern") return;
    for (const element of childNodes(node, "elements")) if (element.type === "Identifier") names.add(nameOf(element)!);
  });
  return names;
}
