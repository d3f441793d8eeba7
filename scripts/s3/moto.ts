import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ROOT } from "../type-check.ts";

/** The server of S3 that tests ask: moto, in a virtual environment of its own. */

const PACKAGES = ["moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"];
const FOLDER = join(ROOT, ".cache", "moto");
const PYTHON = join(FOLDER, "bin", "python");
/** Says which packages an installation has that came to its end. */
const STAMP = join(FOLDER, "packages");

export interface S3Server {
  readonly origin: string;
  close(): void;
}

/** Undefined where it is installed, or else why it cannot be. */
export function installMoto(): string | undefined {
  const packages = PACKAGES.join("\n");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === packages) return undefined;
  const failure = failureOf("python3", "-m", "venv", "--clear", FOLDER) ?? failureOf(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...PACKAGES);
  if (failure === undefined) writeFileSync(STAMP, packages);
  return failure;
}

function failureOf(program: string, ...words: readonly string[]): string | undefined {
  const { status, error, stderr, stdout } = spawnSync(program, words, { encoding: "utf8" });
  if (status === 0) return undefined;
  return `the server of S3 that tests ask needs Python 3 with venv, and pip with a network ("npm run s3-server" installs it): ${program} ${words.join(" ")}: ${error?.message ?? `${stdout}${stderr}`}`;
}

/** Starts an empty one on this machine, and installs it before if need be. Rejects with what to install. */
export async function serveMoto(): Promise<S3Server> {
  const failure = installMoto();
  if (failure !== undefined) throw new Error(failure);
  const child = spawn(PYTHON, [fileURLToPath(new URL("moto-server.py", import.meta.url))], { stdio: ["ignore", "pipe", "pipe"] });
  const end = (): void => void child.kill("SIGKILL");
  // Also where a test gave up waiting for it.
  process.once("exit", end);
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log = (log + text).slice(-10_000)));
  const port = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.endsWith("\n")) resolve(text.trim());
    });
    child.on("error", reject);
    child.on("close", () => reject(new Error(`the server of S3 has ended: ${log}`)));
  });
  return { origin: `http://127.0.0.1:${port}`, close: end };
}
