import { parseArgs } from "node:util";
import { FLINK_VERSION } from "./flink-runs.ts";

/** The command line of the benchmark. */

export const USAGE: string = `\
npm run bench                    every work, plain loops, libraries and Tamias; writes docs/performance.md
npm run bench -- --flink         Apache Flink ${FLINK_VERSION} too (needs a JDK and Maven)
npm run bench -- --browsers      the kernel in Chromium, Firefox and WebKit too, and clusters in Chromium ("npm run browsers" installs them)
npm run bench -- --quick         what the floors ask for, in less than 50 s; writes nothing

  --resume         keeps what was measured before and measures the rest
  --minutes N      measures what fits into N minutes, as long as it took before; --resume goes on
  --only TEXT      what contains the text: "work, variant", "amount, name", "clusters, name", "engine, name"; writes nothing
  --write          with --only: puts it into docs/performance.md all the same
  --runs N         the median of N runs instead of 5
  --profile WORK   where a record's time goes; writes nothing
  --variant NAME   with --profile: of which variant (default tamias-rows)
  --help           this text

Results are kept in bench/last-full-run.json as they come.`;

export interface Options {
  readonly help: boolean;
  readonly flink: boolean;
  readonly browsers: boolean;
  readonly quick: boolean;
  readonly resume: boolean;
  readonly only: string | undefined;
  /** Whether results are kept and the page is written. */
  readonly writes: boolean;
  readonly runs: number;
  /** Infinity: as long as it takes. */
  readonly minutes: number;
  readonly profile: string | undefined;
  readonly variant: string;
}

const [text, flag] = [{ type: "string" } as const, { type: "boolean", default: false } as const];

/** Returns what is wrong with it as a sentence, where anything is. */
export function optionsOf(words: readonly string[]): Options | string {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...words],
      options: {
        ...{ help: flag, flink: flag, browsers: flag, quick: flag, resume: flag, write: flag },
        ...{ only: text, runs: text, minutes: text, profile: text, variant: text },
      },
    }));
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
  const runs = Number(values.runs ?? 5);
  const minutes = Number(values.minutes ?? Infinity);
  if (!Number.isSafeInteger(runs) || runs < 1) return `--runs takes a whole number from 1, but got "${values.runs}"`;
  if (!(0 < minutes)) return `--minutes takes a number above 0, but got "${values.minutes}"`;
  if (values.quick && values.only !== undefined) return "--quick always measures what floors ask for: it takes no --only";
  if (values.variant !== undefined && values.profile === undefined) return "--variant goes with --profile";
  const { help, flink, browsers, quick, resume, only, profile, variant = "tamias-rows" } = values;
  const writes = only === undefined || values.write;
  return { help, flink, browsers, quick, resume, only, writes, runs, minutes, profile, variant };
}
