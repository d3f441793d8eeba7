import { HttpError } from "./http-error.ts";

/** @throws HttpError UNSUPPORTED_MEDIA_TYPE */
export function requireType(request: Request, types: readonly string[]): void {
  const [type = ""] = (request.headers.get("content-type") ?? "").toLowerCase().split(";", 1);
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") throw new HttpError("UNSUPPORTED_MEDIA_TYPE", `send the body as it is, not with content-encoding ${encoding}`);
  if (types.includes(type.trim())) return;
  throw new HttpError("UNSUPPORTED_MEDIA_TYPE", `send the header content-type: ${types[0]}; it was ${type === "" ? "missing" : type}`);
}

/** A body as a whole, where it is not too large. @throws HttpError TOO_LARGE */
export async function bytesOf(request: Request, bytesMax: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = new HttpError("TOO_LARGE", `${what} may have ${bytesMax} bytes`);
  if (bytesMax < Number(request.headers.get("content-length") ?? 0)) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = (request.body ?? new Blob([]).stream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    length += read.value.length;
    if (bytesMax < length) {
      await reader.cancel();
      throw tooLarge;
    }
    chunks.push(read.value);
  }
  const bytes = new Uint8Array(length);
  let filled = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  return bytes;
}
