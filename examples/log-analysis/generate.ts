/** Writes a sample log to standard output: `node examples/log-analysis/generate.ts --lines 1000 --seed 7 --format mixed`. */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { LogGenerator, type LogGeneratorOptions } from "./log-generator.ts";

const USAGE = `usage: node examples/log-analysis/generate.ts [options]
  --lines N                      how many lines (default 1000)
  --seed S                       equal seeds give equal lines (default 1)
  --format json|sshd|mixed       application events, sshd's auth.log, or both (default json)
  --syslog-time classic|rfc3339  how syslog writes times (default rfc3339)
  --start-ms MS                  no line is earlier, ms since the epoch (default 2026-01-05 00:00 UTC)
  --gap-ms MS                    mean time between two lines (default 500)
  --disorder-ms MS               a line comes up to this much after its time (default 10000)
  --users N                      how many users there are (default 100)
  --help`;

const CHUNK_CHARACTERS = 65_536;

/** A request that cannot be met as it was written. */
class UsageError extends Error {}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      lines: { type: "string", default: "1000" },
      seed: { type: "string", default: "1" },
      format: { type: "string", default: "json" },
      "syslog-time": { type: "string", default: "rfc3339" },
      "start-ms": { type: "string" },
      "gap-ms": { type: "string" },
      "disorder-ms": { type: "string" },
      users: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const options = {
    seed: wholeNumber("--seed", values.seed),
    format: oneOf("--format", values.format, ["json", "sshd", "mixed"]),
    syslogTime: oneOf("--syslog-time", values["syslog-time"], ["classic", "rfc3339"]),
    ...optional("startMs", "--start-ms", values["start-ms"]),
    ...optional("gapMs", "--gap-ms", values["gap-ms"]),
    ...optional("disorderMs", "--disorder-ms", values["disorder-ms"]),
    ...optional("users", "--users", values.users),
  } satisfies LogGeneratorOptions;
  await write(new LogGenerator(options).lines(wholeNumber("--lines", values.lines)));
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${name} must be a whole number, not "${text}"`);
  return Number(text);
}

/** An absent option stays absent: its default lives in the generator. */
function optional<Name extends string>(name: Name, flag: string, text: string | undefined): { readonly [key in Name]?: number } {
  return text === undefined ? {} : ({ [name]: wholeNumber(flag, text) } as { readonly [key in Name]: number });
}

function oneOf<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((each) => each === text);
  if (choice === undefined) throw new UsageError(`${name} must be one of ${choices.join(", ")}, not "${text}"`);
  return choice;
}

/** In chunks, and no faster than the reader: a sample of any size needs no memory. */
async function write(lines: Iterable<string>): Promise<void> {
  let chunk = "";
  for (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
    chunk = "";
  }
  process.stdout.write(chunk);
}

function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError || error instanceof RangeError) return true;
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

// A reader that has seen enough (`| head`) closes the pipe; that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

try {
  await main();
} catch (error) {
  if (isUsageError(error)) console.error(`${error.message}\n${USAGE}`);
  else console.error(error);
  process.exitCode = isUsageError(error) ? 2 : 1;
}
