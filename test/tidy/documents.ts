import { posix } from "node:path";
import { type Finding, type Rule, findingAt } from "./rule.ts";
import type { SourceFile, SourceTree, TextFile } from "./source-tree.ts";
import { type SyntaxNode, childNode, childNodes, nameOf, walk, withoutAssertions } from "./syntax.ts";

const CODES_FILE = "core/lib/errors.ts";
const PAGES_FILE = "docs/errors.md";

export const errorPages: Rule = {
  title: "docs/errors.md has a section for each error code, and for nothing else",
  check: ({ sources, texts }) => {
    const codesFile = sources.find(({ path }) => path === CODES_FILE);
    if (codesFile === undefined) return [];
    const pagesFile = texts.find(({ path }) => path === PAGES_FILE) ?? { path: PAGES_FILE, text: "" };
    const codes = codesOf(codesFile);
    const titles = [...pagesFile.text.matchAll(/^## (.+)$/gm)];
    const titleNames = titles.map((match) => match[1]!);
    const noPage = codes.filter((code) => !titleNames.includes(code));
    const noCode = titles.filter((match) => !codes.includes(match[1]!));
    const twice = titles.filter((match, index) => titleNames.indexOf(match[1]!) !== index);
    return [
      ...noPage.map((code) => ({ path: PAGES_FILE, line: 1, message: `there is no section "## ${code}"` })),
      ...noCode.map((match) => findingAt(pagesFile, match.index + 1, `${CODES_FILE} has no code ${match[1]}`)),
      ...twice.map((match) => findingAt(pagesFile, match.index + 1, `a second section ${match[1]}`)),
    ];
  },
  refuses: [
    { [CODES_FILE]: 'export const ERROR_CODES = { LOST: "user", FOUND: "user" } as const;', [PAGES_FILE]: "## LOST\n" },
    { [CODES_FILE]: 'export const ERROR_CODES = { LOST: "user" } as const satisfies X;', [PAGES_FILE]: "## LOST\n## GONE\n" },
    { [CODES_FILE]: 'export const ERROR_CODES = { LOST: "user" };', [PAGES_FILE]: "## LOST\n\n## LOST\n" },
    { [CODES_FILE]: 'export const ERROR_CODES = { LOST: "user" };' },
    { [CODES_FILE]: "export const OTHER = 1;", [PAGES_FILE]: "" },
  ],
  accepts: [{ [CODES_FILE]: 'export const ERROR_CODES = { LOST: "user" } as const;', [PAGES_FILE]: "# Errors\n\n## LOST\n\n### Example\n" }],
};

function codesOf(file: SourceFile): string[] {
  let codes: string[] | undefined;
  walk(file.program, (node) => {
    if (node.type !== "VariableDeclarator" || nameOf(childNode(node, "id")) !== "ERROR_CODES") return;
    const value = childNode(node, "init");
    codes = value === undefined ? [] : childNodes(withoutAssertions(value), "properties").map((property) => nameOf(childNode(property, "key"))!);
  });
  return codes ?? ["(no ERROR_CODES found)"];
}

export const links: Rule = {
  title: "every link from one file of the repository to another leads somewhere",
  check: (tree) => tree.texts.filter(({ path }) => path.endsWith(".md")).flatMap((file) => brokenLinks(file, tree)),
  refuses: [
    { "README.md": "see [the guide](docs/guide.md)" },
    { "docs/a.md": "see [up](../core/lib/x.ts)" },
    { "docs/a.md": "see [below](#not-there)\n\n# There" },
    { "docs/a.md": "[b](b.md#lost)", "docs/b.md": "# Found" },
  ],
  accepts: [
    { "README.md": "[a](docs/a.md) [b](./docs/) [w](https://example.org/x.md) [c](docs/a.md#a-title-with-code)", "docs/a.md": "## A title, with `code`!" },
    { "README.md": "```ts\nconst x = list[i](y.md);\n```\nand `[z](z.md)`" },
  ],
};

function brokenLinks(file: TextFile, tree: SourceTree): Finding[] {
  const findings: Finding[] = [];
  for (const match of withoutCode(file.text).matchAll(/\]\(([^)\s]+)\)/g)) {
    const link = match[1]!;
    if (/^[a-z]+:/.test(link)) continue;
    const [path, anchor] = link.split("#") as [string, string | undefined];
    const target = path === "" ? file.path : posix.join(posix.dirname(file.path), path).replace(/\/$/, "");
    const page = tree.texts.find((other) => other.path === target);
    if (!tree.has(target)) findings.push(findingAt(file, match.index, `the link ${link} leads nowhere`));
    else if (anchor !== undefined && page?.path.endsWith(".md") === true && !anchorsOf(page.text).includes(anchor)) {
      findings.push(findingAt(file, match.index, `${target} has no heading for #${anchor}`));
    }
  }
  return findings;
}

/** The same text with everything inside code gone, at the same offsets. */
function withoutCode(text: string): string {
  return text.replace(/^```.*?^```|`[^`\n]*`/gms, (code) => code.replace(/[^\n]/g, " "));
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
}

/** Whoever writes a host needs all of it. */
const DOCUMENTED_FOLDER = "core/host/";
/** Those behind the subpaths of package.json's `exports`. */
const ENTRY_POINT = /^(core|core\/(testing|cep|sql)|node|web|edge)\/index\.ts$/;

export const docComments: Rule = {
  title: "what users import has a doc comment",
  check: ({ sources }) => {
    const published = namesPublishedBy(sources.filter(({ path }) => ENTRY_POINT.test(path)));
    return sources.flatMap((file) => undocumented(file, file.path.startsWith(DOCUMENTED_FOLDER) ? "all" : (published.get(file.path) ?? new Set())));
  },
  refuses: [
    { "core/host/x.ts": "export function run(): void {}" },
    { "core/index.ts": 'export { run } from "./api/x.ts";', "core/api/x.ts": "export function run(): void {}" },
    { "core/host/x.ts": "/* no doc comment */ export interface Port {}" },
    { "core/host/x.ts": "/** Of something else. */\nconst a = 1;\nexport const b = 2;" },
    { "core/index.ts": 'export { seconds } from "./lib/duration.ts";', "core/lib/duration.ts": "export const seconds = 1;" },
    { "core/index.ts": 'export * from "./lib/duration.ts";', "core/lib/duration.ts": "export const seconds = 1;" },
  ],
  accepts: [
    { "core/host/x.ts": "/** Runs. */\nexport function run(x: string): void;\nexport function run(x: unknown): void {}" },
    { "core/index.ts": 'export type { Duration } from "./lib/duration.ts";', "core/lib/duration.ts": "/** A span. */ export interface Duration {} export const inner = 1;" },
    { "core/api/x.ts": "export const x = 1;" },
  ],
};

type Names = ReadonlySet<string> | "all";

/** By file, the names that entry points export from it. */
function namesPublishedBy(entryPoints: readonly SourceFile[]): Map<string, Names> {
  const published = new Map<string, Names>();
  for (const { path, program } of entryPoints) {
    for (const statement of childNodes(program, "body")) {
      const source = statement.type.startsWith("Export") ? nameOf(childNode(statement, "source")) : undefined;
      if (source?.startsWith(".") !== true) continue;
      const target = posix.join(posix.dirname(path), source);
      const names = childNodes(statement, "specifiers").map((specifier) => nameOf(childNode(specifier, "local"))!);
      const before = published.get(target) ?? new Set();
      published.set(target, before === "all" || statement.type === "ExportAllDeclaration" ? "all" : new Set([...before, ...names]));
    }
  }
  return published;
}

/** The exports without a doc comment among `names`. Of overloads the first one speaks for all. */
function undocumented(file: SourceFile, names: Names): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const statement of childNodes(file.program, "body")) {
    const declaration = statement.type === "ExportNamedDeclaration" ? childNode(statement, "declaration") : undefined;
    for (const name of declaration === undefined ? [] : namesOf(declaration)) {
      if (seen.has(name) || (names !== "all" && !names.has(name))) continue;
      seen.add(name);
      if (!isDocumented(file, statement)) findings.push(findingAt(file, statement.start + 1, `${name} is part of the API and has no doc comment`));
    }
  }
  return findings;
}

function namesOf(declaration: SyntaxNode): string[] {
  const declarators = childNodes(declaration, "declarations");
  const owners = declarators.length === 0 ? [declaration] : declarators;
  return owners.map((owner) => nameOf(childNode(owner, "id"))).filter((name) => name !== undefined);
}

function isDocumented(file: SourceFile, statement: SyntaxNode): boolean {
  return file.comments.some(({ type, value, end }) => {
    return type === "Block" && value.startsWith("*") && end <= statement.start && file.text.slice(end, statement.start).trim() === "";
  });
}
