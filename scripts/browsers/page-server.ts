import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readFileSync, statSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { DIST } from "../built-package.ts";

/** Serves the built package, as it is, and pages that import it, on the loopback address. */
export interface PageServer {
  readonly origin: string;
  close(): Promise<void>;
}

/** What is at a path beside the package; `headers` win over those that the server would send. */
export interface Served {
  readonly body: string | Uint8Array;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What has the same address for as long as a server lives is fetched by the first of many workers, as where files are named by their hashes. */
export const CACHED: Readonly<Record<string, string>> = { "cache-control": "max-age=3600" };

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

/** Pages find the package under the names that its users import. */
const IMPORT_MAP = {
  imports: {
    tamias: "/dist/core/index.js",
    "tamias/testing": "/dist/core/testing/index.js",
    "tamias/web": "/dist/web/index.js",
  },
};

/** Makes a page cross-origin isolated, and lets a script be a worker of such a page: then browsers have shared memory. */
export const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" } as const;

/** A page that runs a program, which leaves a promise in `globalThis.outcome`. */
export function pageOf(program: string, headers: Readonly<Record<string, string>> = {}): Served {
  const map = `<script type="importmap">${JSON.stringify(IMPORT_MAP)}</script>`;
  const head = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${map}`;
  const body = `${head}<script type="module" src="${program}"></script>`;
  return { body, headers: { "content-type": "text/html; charset=utf-8", ...headers } };
}

/** `served` is asked first; under `/dist/` the built package follows. `headers` go with everything. */
export async function servePages(served: (path: string) => Served | undefined, headers: Readonly<Record<string, string>> = {}): Promise<PageServer> {
  const server = createServer((request, response) => answer(request, response, served, headers));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  served: (path: string) => Served | undefined,
  ofAll: Readonly<Record<string, string>>,
): void {
  const path = normalize(new URL(request.url ?? "/", "http://127.0.0.1").pathname);
  const found = served(path) ?? packageFile(path) ?? { body: "there is nothing here", status: 404 };
  const headers = { "content-type": TYPES[extname(path)] ?? "text/plain", ...ofAll, ...found.headers };
  response.writeHead(found.status ?? 200, headers).end(found.body);
}

function packageFile(path: string): Served | undefined {
  if (!path.startsWith("/dist/")) return undefined;
  const file = join(DIST, path.slice("/dist/".length));
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true ? { body: readFileSync(file), headers: CACHED } : undefined;
}
