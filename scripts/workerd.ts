import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import type { Readable } from "node:stream";
import { ROOT } from "./type-check.ts";

/** The runtime of edge workers, as it is deployed; it bundles a worker as wrangler does. */
export interface EdgeServer {
  readonly origin: string;
  /** What the worker has printed so far, and workerd of it. */
  output(): string;
  close(): void;
}

/** The part of a wrangler configuration that is looked at here. */
export interface WranglerConfig {
  readonly name: string;
  readonly main: string;
  readonly vars?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface ServeOptions {
  /** In place of those of the configuration. */
  readonly vars?: Readonly<Record<string, string>>;
  /** On this machine; 0 takes any that is free. */
  readonly port?: number;
  /** Where to keep what objects store, for the next server there. Default: a folder of its own, which is gone with the server. */
  readonly folder?: string;
}

/** Serves the worker that a file wrangler.json describes, on this machine only. What its objects store is gone with the server. Rejects with what workerd says. */
export function serveWorker(file: string, options: ServeOptions = {}): Promise<EdgeServer> {
  const config = JSON.parse(readFileSync(file, "utf8")) as WranglerConfig;
  return serveConfig({ ...config, main: resolve(dirname(file), config.main) }, options);
}

/** The same for a configuration that is no file; `main` is a whole path. */
export async function serveConfig(config: WranglerConfig, { vars = config.vars, port = 0, folder: kept }: ServeOptions = {}): Promise<EdgeServer> {
  // Beside its configuration workerd keeps what objects store.
  const folder = kept ?? newFolder(config.name);
  const file = join(folder, "wrangler.json");
  writeFileSync(file, JSON.stringify({ ...config, main: relative(folder, config.main), vars }));
  // The package gives the path of the program for this machine.
  const { default: workerd } = createRequire(import.meta.url)("workerd") as { readonly default: string };
  const flags = config["kv_namespaces"] === undefined ? [] : ["--experimental"];
  const child = spawn(workerd, ["serve", file, `--socket-addr=http=127.0.0.1:${port}`, "--control-fd=3", ...flags], { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const end = (): void => {
    process.off("exit", end);
    child.kill("SIGKILL");
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  };
  // Also where a test gave up waiting for it.
  process.once("exit", end);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  const listening = await portOf(child).catch((cause: unknown) => {
    end();
    throw new Error(`workerd has ended: ${output}`, { cause });
  });
  const close = (): void => {
    process.off("exit", end);
    end();
  };
  return { origin: `http://127.0.0.1:${listening}`, output: () => output, close };
}

/** For a server, or for several of one worker after each other. */
export function newFolder(name: string): string {
  const parent = join(ROOT, ".cache", "workerd");
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(parent, `${name}-`));
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let control = "";
    (child.stdio[3] as Readable).setEncoding("utf8").on("data", (text: string) => {
      control += text;
      const port = /"event":"listen".*?"port":(\d+)/.exec(control)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.on("error", reject);
    child.on("close", reject);
  });
}
