import { type Finding, type Rule, eachSource, findingAt } from "./rule.ts";

/** Each pattern breaks up its word with a bracket, so that it does not find itself. */
const MARKS = /\b(TO[D]O|FI[X]ME|X[X]X|HA[C]K)\b/;

export const marks: Rule = {
  title: "nothing is marked for later",
  check: eachSource([], (file, report) => {
    for (const comment of file.comments) {
      const mark = MARKS.exec(comment.value)?.[1];
      if (mark !== undefined) report({ type: "Comment", start: comment.start, end: comment.end }, `no ${mark}: do it now, or write an issue`);
    }
  }),
  refuses: [{ "core/lib/x.ts": `// ${"TO"}DO: later` }, { "core/lib/x.ts": `/** ${"FIX"}ME */` }],
  accepts: [{ "core/lib/x.ts": "// What is to do here is done here.\nconst x = 1;" }],
};

/** Recorded elsewhere, word for word. */
const RECORDED = /^(package-lock\.json|LICENSE|test\/conformance\/.*\.json)$/;
const PLACES: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w.\]}/-])\/(wor[k]|roo[t]|hom[e]|User[s]|far[m])\/[\w.]/, "a path of one machine"],
  [/(?<![\w-])(\.\.\/)+share[d]\//, "a path of one machine"],
  [/\b(co-authored[-]by|generated[ ]with)\b|\bWP[0-9]+[a-z]?\b/i, "how the project is made is not part of it"],
];

export const strangeWords: Rule = {
  title: "files speak of the project alone: no paths of one machine, nothing of its making",
  check: ({ texts }) => {
    const findings: Finding[] = [];
    for (const file of texts) {
      if (RECORDED.test(file.path)) continue;
      for (const [pattern, message] of PLACES) {
        for (const match of file.text.matchAll(new RegExp(pattern, `${pattern.flags}g`))) findings.push(findingAt(file, match.index + 1, `"${match[0]}": ${message}`));
      }
    }
    return findings;
  },
  refuses: [
    { "docs/x.md": `see /${"work"}/main/core` },
    { "core/lib/x.ts": `const path = "/${"root"}/x";` },
    { "README.md": `\`npm run conformance -- ../${"shared"}/conformance\`` },
    { "docs/x.md": `as ${"WP"}4a left it` },
  ],
  accepts: [{ "docs/x.md": "see ./work/main.ts, https://example.org/work/x and shared memory" }],
};
