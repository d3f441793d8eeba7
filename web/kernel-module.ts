import { compiledKernel } from "../core/host/compiled-kernel.ts";
import type { KernelModule } from "../core/host/kernel-module.ts";
import { JobError } from "../core/lib/errors.ts";
import { show } from "../core/lib/show.ts";

/** A module of one function that splats a number over a vector: whoever validates it has SIMD. */
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);
const MAGIC = [0, 97, 115, 109] as const;
const WITH_SIMD = "Chrome 91, Firefox 89, Safari 16.4";
const WASM_TYPE = /^application\/wasm\s*(;|$)/i;

/**
 * Fetches and compiles the kernel for window aggregates, on a page or in a worker of one. Afterwards each operator has an
 * instance at once.
 *
 * Without an argument it is the file beside this package: `new URL("../wasm/tamias-kernel.wasm", import.meta.url)`, which Vite,
 * webpack and Parcel follow when they bundle. Where a bundler does not, import `tamias/kernel.wasm` and hand on what your
 * bundler makes of it, an address or the compiled module:
 *
 * @example
 * ```text
 * import kernel from "tamias/kernel.wasm"; // esbuild --loader:.wasm=file: an address, though its type is that of a module
 * StreamExecutionEnvironment.setKernel(await loadKernelModule(kernel));
 *
 * import kernelUrl from "tamias/kernel.wasm?url"; // Vite, typed by "vite/client"
 * ```
 * @param kernel the address of the file; or the module, compiled already, which is not fetched again
 * @throws JobError KERNEL_UNAVAILABLE: jobs run without it too, in JavaScript and with the same results; INVALID_ARGUMENT
 */
export async function loadKernelModule(
  kernel: string | URL | WebAssembly.Module = new URL("../wasm/tamias-kernel.wasm", import.meta.url),
): Promise<KernelModule> {
  if (typeof WebAssembly === "undefined") throw unavailable("this browser has no WebAssembly, or its settings turn it off");
  return compiledKernel(await moduleOf(kernel), WebAssembly.Instance);
}

/** The type of modules has no members, so that the compiler lets any object pass for one. */
async function moduleOf(kernel: string | URL | WebAssembly.Module): Promise<WebAssembly.Module> {
  if (kernel instanceof WebAssembly.Module) return kernel;
  if (typeof kernel === "string" || kernel instanceof URL) return compiled(await answerOf(kernel), String(kernel));
  throw new JobError(
    "INVALID_ARGUMENT",
    `loadKernelModule takes the address of tamias/kernel.wasm, or the module that WebAssembly.compile has made of it, but got ${show(kernel)}`,
  );
}

async function answerOf(url: string | URL): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    const causes = "no network, another origin without CORS, or a connect-src that forbids it";
    throw unavailable(`${url} cannot be fetched (${causes})`, cause);
  }
  if (response.ok) return response;
  throw unavailable(
    `${url} answers ${response.status}; put dist/wasm/tamias-kernel.wasm of the package there, or call ` +
    `loadKernelModule(url) with its address`,
  );
}

/** Compiles while it comes where the server says what it is; otherwise afterwards, for servers that do not know the type. */
async function compiled(response: Response, url: string): Promise<WebAssembly.Module> {
  try {
    if (WASM_TYPE.test(response.headers.get("content-type") ?? "")) return await WebAssembly.compileStreaming(response);
    const bytes = await response.arrayBuffer();
    if (!isModule(new Uint8Array(bytes))) throw notModule(url, response);
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    if (cause instanceof JobError) throw cause;
    throw refused(url, cause);
  }
}

function isModule(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, at) => bytes[at] === byte);
}

/** Servers of single-page apps answer any address with their page. */
function notModule(url: string, response: Response): JobError {
  const type = response.headers.get("content-type") ?? "no type";
  return unavailable(
    `${url} is no WebAssembly module (the server answers with ${type}); call loadKernelModule(url) with the address of ` +
    `dist/wasm/tamias-kernel.wasm`,
  );
}

function refused(url: string, cause: unknown): JobError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/unsafe-eval|content.security.policy|\bCSP\b/i.test(message))
    return unavailable("the page's Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src", cause);
  if (!WebAssembly.validate(SIMD_PROBE))
    return unavailable(`this browser has no SIMD in WebAssembly, which the kernel needs; ${WITH_SIMD} and later have it`, cause);
  return unavailable(`${url} cannot be compiled: ${message}`, cause);
}

function unavailable(reason: string, cause?: unknown): JobError {
  return new JobError("KERNEL_UNAVAILABLE", reason, cause === undefined ? {} : { cause });
}
