import { type Rule, eachSource } from "./rule.ts";
import type { SourceFile } from "./source-tree.ts";
import { type SyntaxNode, childNode, childNodes, nameOf, walk } from "./syntax.ts";

/** The one file that may reach the platform's clock, timers, chance and output. */
const LOCAL_HOST = "core/local-host.ts";

const FROM_HOST = "comes from the Host";
const BANNED: Readonly<Record<string, string>> = {
  setTimeout: FROM_HOST,
  setInterval: FROM_HOST,
  setImmediate: FROM_HOST,
  queueMicrotask: FROM_HOST,
  requestAnimationFrame: FROM_HOST,
  performance: FROM_HOST,
  crypto: FROM_HOST,
  console: FROM_HOST,
  process: "is Node's alone",
  Buffer: "is Node's alone",
  globalThis: "hides what is used; globals.d.ts lists what core may use",
  WeakRef: "makes results depend on the garbage collector",
  FinalizationRegistry: "makes results depend on the garbage collector",
  eval: "is code from strings, which edges forbid",
  Function: "is code from strings, which edges forbid",
  Intl: "differs between engines",
};
/** Exact in every engine. The others (sin, exp, log, pow, …) may differ in the last bit. */
const EXACT_MATH = new Set(
  "abs ceil clz32 floor fround imul max min round sign sqrt trunc E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2".split(" "),
);

export const bannedGlobals: Rule = {
  title: "time, chance and output come from the Host, and every engine computes the same",
  check: eachSource(["core/"], (file, report) => {
    if (file.path === LOCAL_HOST) return;
    const declared = namesDeclaredIn(file);
    walk(file.program, (node, ancestors) => {
      const message = refusal(node, ancestors, declared);
      if (message !== undefined) report(node, message);
    });
  }),
  refuses: [
    "const now = Date.now();",
    "const now = new Date();",
    "const now = Date();",
    "const at = Date.parse(text);",
    "const later = new Date(text).toLocaleString();",
    "const x = Math.random();",
    "const x = Math.sin(1) + Math.pow(2, y);",
    "const x = Math[name](1);",
    "const { exp } = Math;",
    "const x = y ** 2;",
    "x **= 2;",
    "setTimeout(run, 10);",
    "const wait = setTimeout;",
    "const later = { queueMicrotask };",
    "const at = performance.now();",
    "new WeakRef(x);",
    "eval(text);",
    "const f = new Function(text);",
    "const f = Function(text);",
    "const n = new Intl.NumberFormat();",
    "left.localeCompare(right);",
    "process.exit(1);",
    'console.log("here");',
    "const clock = (globalThis as any).Date;",
  ].map((text) => ({ "core/lib/x.ts": text })),
  accepts: [
    { "core/lib/x.ts": "const day = new Date(ms).toISOString(); const m = Math.floor(x) + Math.PI; const top = 2 ** 53 - 1 + Number(2n ** 64n);" },
    { "core/lib/x.ts": "interface F { process(x: string): void } class P implements F { process(x: string) { this.process(x); } }" },
    { "core/lib/x.ts": "function run(process: () => void, f: Function) { process(); }" },
    { "core/lib/x.ts": "const text = Function.prototype.toString.call(given);" },
    { "core/local-host.ts": "export const now = () => Date.now();" },
    { "node/cli/x.ts": "console.log(Date.now());" },
  ],
};

function refusal(node: SyntaxNode, ancestors: readonly SyntaxNode[], declared: ReadonlySet<string>): string | undefined {
  const parent = ancestors.at(-1);
  if (node.type === "MemberExpression") return memberRefusal(node);
  if (node.type === "BinaryExpression" || node.type === "AssignmentExpression") return powerRefusal(node);
  if (node.type !== "Identifier" || parent === undefined || !isReference(node, parent, ancestors.at(-2))) return undefined;
  const name = nameOf(node)!;
  if (declared.has(name)) return undefined;
  if (name === "Date" && isClock(node, parent)) return `Date without arguments reads the clock, which ${FROM_HOST}`;
  if (name === "Function" && nameOf(childNode(parent, "property")) === "prototype") return undefined;
  if (name === "Math" && parent.type !== "MemberExpression") return "Math is used by its functions, so that inexact ones can be seen";
  return Object.hasOwn(BANNED, name) ? `${name} ${BANNED[name]}` : undefined;
}

function memberRefusal(node: SyntaxNode): string | undefined {
  const object = nameOf(childNode(node, "object"));
  const property = childNode(node, "property");
  const name = node["computed"] === true && property?.type !== "Literal" ? undefined : nameOf(property);
  if (object === "Math" && (name === undefined || !EXACT_MATH.has(name))) {
    return name === "random" ? `chance ${FROM_HOST}` : `Math.${name ?? "[…]"} may differ between engines`;
  }
  if (object === "Date" && (name === "now" || name === "parse")) return name === "now" ? `the clock ${FROM_HOST}` : "Date.parse differs between engines";
  if (name === "localeCompare" || name?.startsWith("toLocale") === true) return `${name} differs between machines; strings order by UTF-16 code unit`;
  return undefined;
}

/** Powers of two and of bigints are exact everywhere; of other numbers they may differ in the last bit. */
function powerRefusal(node: SyntaxNode): string | undefined {
  const operator = node["operator"];
  if (operator !== "**" && operator !== "**=") return undefined;
  const base = childNode(node, "left");
  const exact = base?.type === "Literal" && (base["value"] === 2 || typeof base["value"] === "bigint");
  return exact ? undefined : "** may differ between engines, like Math.pow";
}

function isClock(node: SyntaxNode, parent: SyntaxNode): boolean {
  if (childNode(parent, "callee") !== node) return false;
  return parent.type === "CallExpression" || (parent.type === "NewExpression" && childNodes(parent, "arguments").length === 0);
}

/** Whether an identifier stands for a value, and not for a property, a type or a label. */
function isReference(node: SyntaxNode, parent: SyntaxNode, grandparent: SyntaxNode | undefined): boolean {
  if (parent.type.startsWith("TS") && !["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression"].includes(parent.type)) return false;
  if (parent.type === "Property" && parent["shorthand"] === true) return grandparent?.type === "ObjectExpression" && childNode(parent, "value") === node;
  const isName = childNode(parent, "property") === node || childNode(parent, "key") === node;
  return !(isName && parent["computed"] !== true);
}

/** Names of anything declared in the file, parameters included: those are not the globals. */
function namesDeclaredIn(file: SourceFile): Set<string> {
  const names = new Set<string>();
  const add = (pattern: SyntaxNode | undefined): void => {
    if (pattern?.type === "Identifier") names.add(nameOf(pattern)!);
    else if (pattern !== undefined) for (const part of partsOf(pattern)) add(part);
  };
  walk(file.program, (node) => {
    if (node.type === "VariableDeclarator" || /^(Function|Class)/.test(node.type)) add(childNode(node, "id"));
    if (node.type.startsWith("Import")) add(childNode(node, "local"));
    for (const parameter of childNodes(node, "params")) add(parameter);
  });
  return names;
}

function partsOf(pattern: SyntaxNode): readonly SyntaxNode[] {
  const single = ["left", "argument", "value"].map((field) => childNode(pattern, field)).filter((node) => node !== undefined);
  return [...single.slice(0, 1), ...childNodes(pattern, "properties"), ...childNodes(pattern, "elements")];
}
