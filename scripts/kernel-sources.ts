import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./type-check.ts";

/** Ties the built kernel, which is committed so that nobody needs Rust, to the sources that it was built from. */

export const KERNEL_FOLDER = join(ROOT, "wasm");
export const KERNEL_FILE = join(KERNEL_FOLDER, "tamias-kernel.wasm");
/** What it is to TypeScript, for those who import it. */
export const KERNEL_TYPES = join(KERNEL_FOLDER, "tamias-kernel.d.ts");
/** Says which sources the file was built from, and which file that gave. */
export const KERNEL_STAMP = join(KERNEL_FOLDER, "tamias-kernel.sha256");

/** A page that computes windows loads it. */
export const KERNEL_BYTES_GZIPPED_MAX = 60_000;

const SETTINGS = ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"];

/** What the stamp must hold. */
export function kernelStamp(): string {
  const sources = readdirSync(join(KERNEL_FOLDER, "src")).sort();
  const hash = createHash("sha256");
  for (const path of [...SETTINGS, ...sources.map((name) => `src/${name}`)]) {
    hash.update(`${path}\0`).update(readFileSync(join(KERNEL_FOLDER, path))).update("\0");
  }
  const module = createHash("sha256").update(readFileSync(KERNEL_FILE));
  return `sources ${hash.digest("hex")}\nmodule ${module.digest("hex")}\n`;
}
