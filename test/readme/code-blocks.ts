/** A TypeScript example in a document or a doc comment. */
export interface CodeBlock {
  readonly path: string;
  readonly line: number;
  readonly code: string;
  /** Whether `<!-- not run -->` stands above it: it needs something that is not there. Its types are checked all the same. */
  readonly notRun: boolean;
  /** What it prints, one string per line; undefined where the example does not say. */
  readonly output: readonly string[] | undefined;
}

/** The ts blocks of a Markdown document. What one prints stands in a text or console block right below it. */
export function blocksOfMarkdown(path: string, text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const pattern = /^(<!-- not run -->\n+)?```ts\n(.*?)^```\n(?:\n*```(?:text|console)\n(.*?)^```$)?/gms;
  for (const match of text.matchAll(pattern)) {
    const [whole, marker = "", code = "", output] = match;
    const line = text.slice(0, match.index + whole.indexOf("```ts")).split("\n").length + 1;
    blocks.push({ path, line, code, notRun: marker !== "", output: output === undefined ? outputInComments(code) : linesOf(output) });
  }
  return blocks;
}

/** The ts blocks of the doc comments in a source file. What one prints stands behind the calls that print it: `console.log(1 + 1); // 2`. */
export function blocksOfSource(path: string, text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  for (const match of text.matchAll(/^ *\* ```ts\n(.*?)^ *\* ```$/gms)) {
    const code = match[1]!.replace(/^ *\* ?/gm, "");
    const line = text.slice(0, match.index).split("\n").length + 1;
    blocks.push({ path, line, code, notRun: false, output: outputInComments(code) });
  }
  return blocks;
}

/** A fragment shows a line out of a program: it imports nothing and cannot run. */
export function isFragment({ code }: CodeBlock): boolean {
  return !/ from "tamias(\/\w+)?";/.test(code);
}

/** Several lines of one call, in a loop say, are written `// 1, 2, 3`. */
function outputInComments(code: string): string[] | undefined {
  const comments = linesOf(code).map((line) => /(?:console\.log\(|\.print\(|^\)).*; \/\/ (.*)$/.exec(line)?.[1]);
  const said = comments.filter((comment) => comment !== undefined);
  return said.length === 0 ? undefined : said;
}

function linesOf(text: string): string[] {
  return text.trimEnd().split("\n");
}
