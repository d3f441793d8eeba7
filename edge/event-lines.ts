import { TextLines } from "../core/connectors/text-lines.ts";
import { errorFields, HttpError } from "./http-error.ts";

/** Bytes of one line, which is one record. */
export const LINE_BYTES_MAX = 2 ** 18;
/** Bytes of one request. Whoever has more sends more requests. */
export const BODY_BYTES_MAX = 2 ** 26;
/** Records that wait for the job before more of the body is read, and the bytes of their lines. */
const RECORDS_PER_PUSH = 1_000;
const BYTES_PER_PUSH = 2 ** 18;

/** Gives records to a job; resolves when it has taken them. */
export type Push = (records: readonly unknown[]) => Promise<void>;

/**
 * Gives each line of a body to a job as a record, in order, no faster than the job takes them; returns how many. What is wrong with a line leaves out that line
 * and all behind it: the error says how many records were taken before.
 *
 * @throws HttpError MALFORMED_LINE, TOO_LARGE, each with `taken`
 */
export async function takeEventLines(request: Request, push: Push): Promise<number> {
  let taken = 0;
  const records: unknown[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const batch = records.splice(0);
    bytes = 0;
    if (batch.length === 0) return;
    await push(batch);
    taken += batch.length;
  };
  const takeAll = async (): Promise<void> => {
    for await (const line of linesOf(request)) {
      records.push(recordOf(line));
      bytes += line.bytesEnd - line.bytesStart;
      if (RECORDS_PER_PUSH <= records.length || BYTES_PER_PUSH <= bytes) await flush();
    }
  };
  try {
    // What came before something wrong is taken all the same.
    await takeAll().finally(flush);
  } catch (error) {
    throw error instanceof HttpError ? error.with({ taken }) : error;
  }
  return taken;
}

/** Those that are not empty, each of them as long as the loop is at it. */
async function* linesOf(request: Request): AsyncIterable<TextLines> {
  const tooLarge = new HttpError("TOO_LARGE", `the body has more than ${BODY_BYTES_MAX} bytes: send the rest in other requests`);
  if (BODY_BYTES_MAX < Number(request.headers.get("content-length") ?? 0)) throw tooLarge;
  const lines = new TextLines({ lineBytesMax: LINE_BYTES_MAX });
  let bytes = 0;
  for await (const chunk of chunksOf(request.body)) {
    bytes += chunk.length;
    if (BODY_BYTES_MAX < bytes) throw tooLarge;
    lines.push(chunk);
    yield* wholeLines(lines);
  }
  lines.end();
  yield* wholeLines(lines);
}

function* wholeLines(lines: TextLines): Iterable<TextLines> {
  while (lines.next()) {
    if (lines.isCut) throw new HttpError("TOO_LARGE", `line ${lines.lineNumber} has more than ${LINE_BYTES_MAX} bytes`, {}, { line: lines.lineNumber });
    if (lines.bytesStart < lines.bytesEnd) yield lines;
  }
}

function recordOf({ bytes, bytesStart, bytesEnd, lineNumber }: TextLines): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(bytesStart, bytesEnd)));
  } catch (cause) {
    const { message } = errorFields(cause);
    throw new HttpError("MALFORMED_LINE", `line ${lineNumber} is no JSON: ${message}; each line is one value, and curl keeps the ends of lines with --data-binary`, {}, { line: lineNumber });
  }
}

async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncIterable<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    // Whoever stops early has no use for the rest.
    await reader.cancel();
  }
}
