import { readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { hash128 } from "../core/lib/hash.ts";

/** `import … from "./x.ts"`, `export … from`, `import "./x.ts"` and `import("./x.ts")` with a relative path in plain quotes. */
const RELATIVE_IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;

/**
 * Names the code of a job: the hash of its module's bytes and of every module that it imports by a relative path, however deep. What comes from packages is
 * named by their versions, not here.
 */
export async function moduleHash(file: string): Promise<string> {
  const root = resolve(file);
  const seen = new Map<string, Uint8Array>();
  const waiting = [root];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    const bytes = await readFile(path);
    seen.set(path, bytes);
    for (const [, specifier] of bytes.toString("utf8").matchAll(RELATIVE_IMPORT)) {
      const imported = resolve(dirname(path), specifier!);
      if (existsSync(imported)) waiting.push(imported);
    }
  }
  const parts = [...seen].map(([path, bytes]) => `${relative(dirname(root), path).replaceAll("\\", "/")} ${hash128(bytes)}`);
  return hash128(new TextEncoder().encode(parts.sort().join("\n")));
}
