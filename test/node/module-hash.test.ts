import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { moduleHash } from "../../node/module-hash.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "module-hash-"));
  write("job.ts", 'import { rule } from "./rule.ts";\nexport function job() { rule(); }\n');
  write("rule.ts", 'export { more } from "./more.ts";\nexport const rule = () => 1;\n');
  write("more.ts", 'import "./job.ts"; // a cycle\nexport const more = 2;\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("a changed import, however deep, changes the hash; an unrelated file does not", async () => {
  const before = await moduleHash(join(folder, "job.ts"));
  write("unrelated.ts", "export {};");
  expect(await moduleHash(join(folder, "job.ts"))).toBe(before);
  write("more.ts", "export const more = 3;");
  expect(await moduleHash(join(folder, "job.ts"))).not.toBe(before);
});

test("the hash does not depend on where the folder lies", async () => {
  const before = await moduleHash(join(folder, "job.ts"));
  const other = mkdtempSync(join(tmpdir(), "module-hash-"));
  for (const [name, text] of [
    ["job.ts", 'import { rule } from "./rule.ts";\nexport function job() { rule(); }\n'],
    ["rule.ts", 'export { more } from "./more.ts";\nexport const rule = () => 1;\n'],
    ["more.ts", 'import "./job.ts"; // a cycle\nexport const more = 2;\n'],
  ] as const) {
    writeFileSync(join(other, name), text);
  }
  expect(await moduleHash(join(other, "job.ts"))).toBe(before);
  rmSync(other, { recursive: true });
});
