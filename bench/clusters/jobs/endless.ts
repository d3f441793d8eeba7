import { collectSink, type JobArgs, type StreamExecutionEnvironment } from "tamias";

const ENDLESS = 2 ** 50;

/** Numbers without end through a keyed exchange. From the time `at` on, ms since the epoch, a subtask spins for ever or ends its thread, as `how` says. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const at = Number(args["at"] ?? Infinity);
  const end = args["how"] === "spin" ? spin : endThread;
  env
    .fromSequence(1, ENDLESS)
    .keyBy((n) => n % 64)
    .process({
      processElement() {
        if (at <= Date.now()) end();
      },
    })
    .sinkTo(collectSink("nothing"));
}

function spin(): never {
  for (;;);
}

/** As hosts have it: a thread of Node exits, a worker of a browser closes itself. */
function endThread(): void {
  if (globals.process === undefined) globals.close();
  else globals.process.exit(1);
}

const globals = globalThis as unknown as { readonly process?: { exit(code: number): never }; close(): void };
