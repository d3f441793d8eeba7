import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isBuilt } from "../../scripts/built-package.ts";
import { ROOT } from "../../scripts/type-check.ts";

/**
 * A copy of an app beside this file, in a temporary folder, with the package as `npm pack` makes it and what it depends on, and nothing else of this repository.
 */
export function appWithPackage(name: string): string {
  if (!isBuilt()) throw new Error("dist/ was not built from these sources: npm run build");
  const folder = mkdtempSync(join(tmpdir(), `tamias-${name}-`));
  cpSync(fileURLToPath(new URL(name, import.meta.url)), folder, { recursive: true });
  const target = join(folder, "node_modules", "tamias");
  mkdirSync(target, { recursive: true });
  run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", target], ROOT);
  const [tarball = ""] = readdirSync(target);
  run("tar", ["-xzf", tarball, "--strip-components=1"], target);
  const { dependencies } = JSON.parse(readFileSync(join(target, "package.json"), "utf8")) as { readonly dependencies: object };
  for (const each of Object.keys(dependencies)) symlinkSync(join(ROOT, "node_modules", each), join(folder, "node_modules", each));
  return folder;
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? stderr}`);
}
