import { collectSink, type JobArgs, PushSource, type StreamExecutionEnvironment, WatermarkStrategy } from "tamias";

const ENDLESS = 2 ** 50;

/** Numbers without end through a keyed exchange; where `trouble` says so, something befalls the subtask that gets one of them. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  env
    .fromSequence(1, ENDLESS)
    .name("numbers")
    .keyBy((n) => n % 64)
    .process({
      processElement(n: number) {
        if (n !== 500) return;
        if (args["trouble"] === "spin") for (;;);
        if (args["trouble"] === "exit") exit();
        if (args["trouble"] === "throw") throw new RangeError("500 is too much");
      },
    })
    .name("keep")
    .sinkTo(collectSink("nothing"));
  env
    .fromSource(new PushSource<number>("pushed"), WatermarkStrategy.noWatermarks(), "pushed")
    .map((n) => n * 2)
    .sinkTo(collectSink("doubled"));
}

/** Ends the thread. In browsers what runs goes on for a while. */
function exit(): void {
  if (typeof process === "undefined") close();
  else process.exit(3);
}

declare const process: { exit(code: number): never } | undefined;
declare function close(): void;
