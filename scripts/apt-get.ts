import { spawnSync } from "node:child_process";
import process from "node:process";

/** Installs packages of Debian; says whether it could. */
export function aptInstall(names: readonly string[]): boolean {
  return aptGet("update") && aptGet("install", "-y", "--no-install-recommends", ...names);
}

function aptGet(...words: readonly string[]): boolean {
  const command = process.getuid?.() === 0 ? ["apt-get"] : ["sudo", "apt-get"];
  const [program = "apt-get", ...rest] = [...command, "-qq", ...words];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(program, rest, { stdio: ["ignore", "inherit", "inherit"], env }).status === 0;
}
