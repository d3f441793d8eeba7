import type { Finding, Rule } from "./rule.ts";
import type { SourceFile, SourceTree } from "./source-tree.ts";

/** What is imported only as types is gone at run time and cannot close a cycle. */
export const importCycles: Rule = {
  title: "no cycles among imports at run time",
  check: findCycles,
  refuses: [
    { "core/lib/a.ts": 'import { b } from "./b.ts";', "core/lib/b.ts": 'import { c } from "./c.ts";', "core/lib/c.ts": 'export { a } from "./a.ts";' },
    { "core/lib/a.ts": 'import { type B } from "./b.ts";', "core/lib/b.ts": 'import { a } from "./a.ts";' },
    { "core/lib/a.ts": 'import "./a.ts";' },
  ],
  accepts: [
    { "core/lib/a.ts": 'import { b } from "./b.ts";', "core/lib/b.ts": 'import type { A } from "./a.ts";' },
    { "core/lib/a.ts": 'import "./b.ts"; import "./c.ts";', "core/lib/b.ts": 'import "./c.ts";', "core/lib/c.ts": "" },
  ],
};

/** Depth first; each cycle is reported once, at the import that closes it. */
function findCycles({ sources }: SourceTree): Finding[] {
  const findings: Finding[] = [];
  const fileAt = new Map(sources.map((file) => [file.path, file]));
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: SourceFile): void => {
    path.push(file.path);
    for (const imported of file.imports) {
      const target = imported.path === undefined || imported.typeOnly ? undefined : fileAt.get(imported.path);
      if (target === undefined || done.has(target.path)) continue;
      const start = path.indexOf(target.path);
      if (start === -1) visit(target);
      else findings.push({ path: file.path, line: imported.line, message: `a cycle: ${[...path.slice(start), target.path].join(" → ")}` });
    }
    path.pop();
    done.add(file.path);
  };
  for (const file of sources) if (!done.has(file.path)) visit(file);
  return findings;
}
