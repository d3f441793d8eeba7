import type { Source } from "../connectors/source.ts";

/** The part of a source that runs once per job; the runtime starts it and carries its messages. */
export interface EnumeratorFactory {
  readonly source: Source<unknown, unknown, unknown>;
}
