import type { Sink, SinkWriter, SinkWriterContext } from "tamias";
import { describeOutput, type Output } from "./output.ts";

/** Lines on standard output: JSON objects, or sentences for a person. */
export function outputSink(isJson: boolean): Sink<Output> {
  const print = isJson ? (output: Output): string => JSON.stringify(output) : describeOutput;
  return {
    describe: () => (isJson ? "JSON lines on standard output" : "sentences on standard output"),
    createWriter: (context: SinkWriterContext): SinkWriter<Output> => {
      let isFull = false;
      const onDrain = (): void => {
        isFull = false;
        context.notifyReady();
      };
      process.stdout.on("drain", onDrain);
      return {
        // Whole lines only, and no more of them than the reader takes.
        write: (output) => {
          isFull = !process.stdout.write(`${print(output)}\n`);
        },
        isReady: () => !isFull,
        flush: () => {},
        close: () => void process.stdout.off("drain", onDrain),
      };
    },
  };
}
