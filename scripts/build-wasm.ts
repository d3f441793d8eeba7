import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { KERNEL_BYTES_GZIPPED_MAX, KERNEL_FILE, KERNEL_FOLDER, KERNEL_STAMP, kernelStamp } from "./kernel-sources.ts";
import { ROOT } from "./type-check.ts";

const TARGET = "wasm32-unknown-unknown";
const BUILD = ["build", "--release", "--target", TARGET];
const DEBIAN_PACKAGES = ["rustc-web", "cargo-web", "rust-web-src"];

/**
 * `npm run build:wasm`: builds wasm/tamias-kernel.wasm and notes the hash of its sources beside it. Only whoever changes the kernel needs it. The standard
 * library for WebAssembly comes from rustup; where that cannot download it, it is built from Debian's sources of Rust.
 */
function main(): number {
  if (!buildWithRustup() && !buildWithDebian()) {
    console.error("the kernel was not built (above). It needs Rust with the target wasm32-unknown-unknown: https://rustup.rs brings both");
    return 1;
  }
  copyFileSync(join(ROOT, ".cache", "cargo", TARGET, "release", "tamias_kernel.wasm"), KERNEL_FILE);
  writeFileSync(KERNEL_STAMP, kernelStamp());
  const bytes = readFileSync(KERNEL_FILE);
  const gzipped = gzipSync(bytes, { level: 9 }).length;
  console.log(`wasm/tamias-kernel.wasm: ${bytes.length} bytes, ${gzipped} gzipped`);
  if (gzipped <= KERNEL_BYTES_GZIPPED_MAX) return 0;
  console.error(`that is more than the ${KERNEL_BYTES_GZIPPED_MAX} that it may have`);
  return 1;
}

function buildWithRustup(): boolean {
  if (!run("cargo", ["--version"])) return false;
  // Without rustup the target may be installed all the same: then the build says so.
  if (!run("rustup", ["target", "add", TARGET])) console.error(`rustup could not add ${TARGET}`);
  return run("cargo", BUILD);
}

/** Debian's Rust has no standard library for this target, but its sources; building those needs the compiler's leave. */
function buildWithDebian(): boolean {
  if (!existsSync("/usr/bin/apt-get")) return false;
  if (!existsSync("/usr/src/rustc-web") && !run("apt-get", ["install", "--yes", "--no-install-recommends", ...DEBIAN_PACKAGES])) return false;
  const linker = linkerOfRustup();
  return run("/usr/bin/cargo", [...BUILD, "-Z", "build-std=std,panic_abort"], {
    RUSTC: "/usr/bin/rustc",
    RUSTC_BOOTSTRAP: "1",
    ...(linker === undefined ? {} : { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: linker }),
  });
}

/** Debian's compiler comes without a linker for WebAssembly; every toolchain of rustup has one. */
function linkerOfRustup(): string | undefined {
  const { stdout } = spawnSync("rustup", ["run", "stable", "rustc", "--print", "sysroot"], { encoding: "utf8" });
  const libraries = join((stdout ?? "").trim(), "lib", "rustlib");
  if (!existsSync(libraries)) return undefined;
  return readdirSync(libraries)
    .map((target) => join(libraries, target, "bin", "rust-lld"))
    .find((path) => existsSync(path));
}

function run(command: string, args: readonly string[], settings: Readonly<Record<string, string>> = {}): boolean {
  const { status } = spawnSync(command, args, { cwd: KERNEL_FOLDER, stdio: "inherit", env: { ...process.env, ...settings } });
  return status === 0;
}

process.exitCode = main();
