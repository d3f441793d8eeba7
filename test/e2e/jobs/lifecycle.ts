/** Counts for as long as it is let, and writes down when its functions and sinks are opened and closed. */
import { appendFileSync } from "node:fs";
import { RichMapFunction, type JobArgs, type JobModule, type Sink, type StreamExecutionEnvironment } from "tamias";
import { jsonLinesFileSink } from "tamias/node";

export const options: JobModule["options"] = {
  log: { type: "string", description: "file that gets a line for each opening and closing" },
  output: { type: "string", description: "file that gets the records" },
};

export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const note = (line: string): void => {
    if (typeof args["log"] === "string") appendFileSync(args["log"], `${line}\n`);
  };
  const numbers = env.fromSequence(1, 1_000_000_000_000).map(new Noted(note)).name("noted");
  numbers.sinkTo(standardOutput(note)).name("standard output");
  if (typeof args["output"] === "string") numbers.sinkTo(jsonLinesFileSink(args["output"])).name("file");
}

class Noted extends RichMapFunction<number, { readonly n: number; readonly text: string }> {
  readonly #note: (line: string) => void;

  constructor(note: (line: string) => void) {
    super();
    this.#note = note;
  }

  override open(): void {
    this.#note(`open map ${this.getRuntimeContext().getIndexOfThisSubtask()}`);
  }

  override map(n: number): { n: number; text: string } {
    return { n, text: "a line that is long enough to be cut in two" };
  }

  override close(): void {
    this.#note(`close map ${this.getRuntimeContext().getIndexOfThisSubtask()}`);
  }
}

function standardOutput(note: (line: string) => void): Sink<{ readonly n: number }> {
  return {
    describe: () => "standard output",
    createWriter: ({ subtaskIndex }) => {
      note(`open sink ${subtaskIndex}`);
      return {
        write: ({ n }) => {
          if (n % 10_000 === 0) process.stdout.write(`${n} records\n`);
        },
        flush: () => {},
        close: () => note(`close sink ${subtaskIndex}`),
      };
    },
  };
}
