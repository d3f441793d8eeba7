import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import process from "node:process";
import type { Readable } from "node:stream";

/** The runtime of edge workers, as it is deployed; it bundles a worker as wrangler does. */
export interface EdgeServer {
  readonly origin: string;
  close(): void;
}

/** Serves the worker that a wrangler.json describes. Rejects with what workerd says. */
export async function serveWorker(config: string): Promise<EdgeServer> {
  // The package gives the path of the program for this machine.
  const { default: workerd } = createRequire(import.meta.url)("workerd") as { readonly default: string };
  const words = ["serve", config, "--socket-addr=http=127.0.0.1:0", "--control-fd=3"];
  const child = spawn(workerd, words, { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  const end = (): void => void child.kill("SIGKILL");
  // Also where a test gave up waiting for it.
  process.once("exit", end);
  const port = await portOf(child);
  return { origin: `http://127.0.0.1:${port}`, close: end };
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let [errors, control] = ["", ""];
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (errors += text));
    (child.stdio[3] as Readable).setEncoding("utf8").on("data", (text: string) => {
      control += text;
      const port = /"event":"listen".*?"port":(\d+)/.exec(control)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.on("error", reject);
    child.on("close", () => reject(new Error(`workerd has ended: ${errors}`)));
  });
}
