import type { Sink } from "../../core/connectors/sink.ts";
import { JobError } from "../../core/lib/errors.ts";
import { show } from "../../core/lib/show.ts";
import { lineFileSink, type LineEncoding, type LineFileState } from "./line-file-sink.ts";

/** Each record as one line of JSON. A record that JSON cannot hold (a bigint, a function) fails the job with NOT_SERIALIZABLE. */
export function jsonLinesEncoding<T>(): LineEncoding<T> {
  const encoder = { header: "", encode: (record: T): readonly string[] => [jsonOf(record)] };
  return { name: "JSON lines", suffix: ".jsonl", createEncoder: () => encoder };
}

/**
 * Writes each record as one line of JSON. The file is made anew when the job starts, and holds whole lines only, whatever
 * happens; after a restore it goes on behind the lines of the snapshot, each record once. Several subtasks write `name-1.ext`,
 * `name-2.ext`, ….
 *
 * A record that JSON cannot hold (a bigint, a function) fails the job with NOT_SERIALIZABLE.
 */
export function jsonLinesFileSink<T>(path: string | URL): Sink<T, LineFileState> {
  return lineFileSink(jsonLinesEncoding(), path);
}

function jsonOf(record: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(record);
  } catch (cause) {
    throw new JobError("NOT_SERIALIZABLE", `the record has no JSON form: ${(cause as Error).message}; map it to one that has`, {
      cause,
    });
  }
  if (text === undefined)
    throw new JobError("NOT_SERIALIZABLE", `${show(record)} has no JSON form; map it to an object, a string or a number`);
  return text;
}
