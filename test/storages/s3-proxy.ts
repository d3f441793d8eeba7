import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** What happens to a request on its way: it is passed on, or without one of its headers, or its answer is lost, or another one is given. */
export type Fate = "pass" | { readonly without: string } | "lose the answer" | { readonly status: number; readonly body: string };

export interface S3Proxy {
  readonly origin: string;
  /** Each request as `METHOD path`. */
  readonly requests: readonly string[];
  close(): void;
}

/** Stands before a server of S3 and decides about each request by its number, from 0 on. */
export async function serveProxy(target: string, fateOf: (index: number) => Fate): Promise<S3Proxy> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const index = requests.push(`${request.method} ${request.url?.replace(/\?.*/, "")}`) - 1;
    answer(target, request, response, fateOf(index)).catch((error: unknown) => void response.destroy(error as Error));
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
    if (typeof value === "string" && !isOfConnection && !(typeof fate === "object" && fate.without === name)) headers.set(name, value);
  }
  const method = request.method!;
  const answered = await fetch(`${target}${request.url}`, { method, headers, ...(method === "PUT" ? { body: new Uint8Array(body) } : {}) });
  const bytes = Buffer.from(await answered.arrayBuffer());
  if (fate === "lose the answer") request.socket.destroy();
  else response.writeHead(answered.status, [...answered.headers].filter(([name]) => name.startsWith("x-amz-meta")).flat()).end(bytes);
}
