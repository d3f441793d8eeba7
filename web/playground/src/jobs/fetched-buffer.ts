import type { AsyncBuffer } from "hyparquet";

/**
 * A file behind an address, of which parts are fetched as they are needed. Where the server knows no ranges, its first answer is the whole file, which is kept.
 *
 * @throws Error that says what to do
 */
export async function fetchedBuffer(url: string): Promise<AsyncBuffer> {
  const first = await fetchedRange(url, 0, 1);
  const total = Number(/\/(\d+)$/.exec(first.headers.get("content-range") ?? "")?.[1]);
  if (first.status !== 206 || !Number.isSafeInteger(total)) return first.arrayBuffer();
  await first.arrayBuffer();
  return {
    byteLength: total,
    slice: async (start, end = total) => (await fetchedRange(url, start < 0 ? total + start : start, end)).arrayBuffer(),
  };
}

async function fetchedRange(url: string, start: number, end: number): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` } });
  } catch (cause) {
    throw new Error(`${url} cannot be fetched: is the server still running, and the network there?`, { cause });
  }
  if (response.ok) return response;
  throw new Error(`${url} answers ${response.status}: build the page anew (npm run playground:build), or start its server again`);
}
