import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** What happens to a request on its way: it is passed on, or without one of its headers, or with more in its query, or its answer is lost, or another one is given. */
export type Fate = "pass" | { readonly without: string } | { readonly query: string } | "lose the answer" | { readonly status: number; readonly body: string };

export interface S3Proxy {
  readonly origin: string;
  /** Each request as `METHOD path`. */
  readonly requests: readonly string[];
  close(): void;
}

/** What a bucket tells browsers, so that pages may use it as docs/fault-tolerance.md says. */
const RULES_FOR_PAGES = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, HEAD, PUT, DELETE",
  "access-control-allow-headers": "authorization, content-type, if-none-match, x-amz-content-sha256, x-amz-date, x-amz-meta-tamias-writer",
  "access-control-expose-headers": "x-amz-meta-tamias-writer",
};

/** Stands before a server of S3 and decides about each request by its number, from 0 on. What browsers ask beforehand does not count. */
export async function serveProxy(target: string, fateOf: (index: number) => Fate): Promise<S3Proxy> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(RULES_FOR_PAGES)) response.setHeader(name, value);
    if (request.method === "OPTIONS") return void response.end();
    const index = requests.push(`${request.method} ${request.url?.replace(/\?.*/, "")}`) - 1;
    return void answer(target, request, response, fateOf(index)).catch((error: unknown) => void response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(target: string, request: IncomingMessage, response: ServerResponse, fate: Fate): Promise<void> {
  const body = await buffer(request);
  if (typeof fate === "object" && "status" in fate) {
    response.writeHead(fate.status, { "content-type": "application/xml" }).end(fate.body);
    return;
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    const isOfConnection = ["host", "connection", "content-length", "transfer-encoding"].includes(name);
    if (typeof value === "string" && !isOfConnection && !(typeof fate === "object" && "without" in fate && fate.without === name)) headers.set(name, value);
  }
  const method = request.method!;
  const more = typeof fate === "object" && "query" in fate ? `&${fate.query}` : "";
  const answered = await fetch(`${target}${request.url}${more}`, { method, headers, ...(method === "PUT" ? { body: new Uint8Array(body) } : {}) });
  const bytes = Buffer.from(await answered.arrayBuffer());
  if (fate === "lose the answer") request.socket.destroy();
  else response.writeHead(answered.status, [...answered.headers].filter(([name]) => name.startsWith("x-amz-meta")).flat()).end(bytes);
}
