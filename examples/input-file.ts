/**
 * Reads what a job is given as `input`, wherever it runs: an address is fetched, and in Node anything else is a file. Nothing of Node is
 * imported, so that bundles for browsers and edge workers hold none of it.
 */

/** What is used of Node's own modules. */
interface NodeModules {
  readonly "node:fs/promises": { readFile(path: string): Promise<Uint8Array<ArrayBuffer>> };
  readonly "node:module": { createRequire(url: string): { resolve(name: string): string } };
  readonly "node:path": { join(...parts: string[]): string };
}

interface Platform {
  /** Of a page, or of a worker that a page has started. */
  readonly location?: { readonly href: string };
  readonly process?: { getBuiltinModule?<Name extends keyof NodeModules>(name: Name): NodeModules[Name] };
}

const platform: Platform = globalThis as object;

/** @throws Error that names the module where there is no Node. */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] {
  const module = platform.process?.getBuiltinModule?.(name);
  if (module === undefined) throw new Error(`there is no ${name} here; give \`input\` as an address that begins with https://`);
  return module;
}

/** All bytes of a file or of what lies at an address; a page and its workers take addresses relative to themselves. */
export async function readInput(input: string): Promise<ArrayBuffer> {
  const address = addressOf(input);
  if (address === undefined) {
    const { buffer, byteOffset, byteLength } = await nodeModule("node:fs/promises").readFile(input);
    return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
  }
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} answers ${response.status}`);
  return response.arrayBuffer();
}

/** Such as `.json`, in lower case; empty where the name has none. */
export function extensionOf(input: string): string {
  return /\.\w+(?=$|[?#])/.exec(input.slice(input.lastIndexOf("/") + 1))?.[0].toLowerCase() ?? "";
}

function addressOf(input: string): string | undefined {
  if (/^https?:/i.test(input)) return input;
  return platform.location === undefined ? undefined : new URL(input, platform.location.href).href;
}
