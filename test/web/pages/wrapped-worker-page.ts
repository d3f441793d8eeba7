import { type WrappedWorker, wrapWorker } from "../../../web/playground/src/engine/wrapped-worker.ts";
import type { Answers } from "./wrapped-thread.ts";

/** What became of the calls of one worker, and what was told of its end. */
interface Ending {
  readonly calls: readonly string[];
  readonly told: readonly string[];
}

async function main(): Promise<Readonly<Record<string, Ending>>> {
  return {
    "answers come, errors too": await ending(({ remote }) => [remote.double(21), remote.refuse()], () => {}),
    "terminated": await ending(({ remote }) => [remote.double(1), remote.never(), remote.never()], ({ terminate }) => terminate("enough")),
    "terminated while it spins": await ending(({ remote }) => [remote.double(1), remote.spin(), remote.double(2)], ({ terminate }) => terminate()),
    "terminated twice, called afterwards": await ending(() => [], async ({ remote, terminate }) => {
      terminate("first");
      terminate("second");
      return [remote.double(1)];
    }),
    "a bug that nobody caught": await ending(({ remote }) => [remote.never(), remote.failLater()], () => {}),
    "no such script": await ending(({ remote }) => [remote.double(1)], () => {}, "/there-is-no-such-script.js"),
  };
}

type Calls = readonly Promise<unknown>[];

/** Calls the worker, ends it when it has answered once, calls it again, and waits until every call has settled. */
async function ending(
  before: (worker: WrappedWorker<Answers>) => Calls,
  end: (worker: WrappedWorker<Answers>) => void | Promise<Calls>,
  script: string = "/thread.js",
): Promise<Ending> {
  const told: string[] = [];
  const worker = wrapWorker<Answers>(new Worker(script, { type: "module" }), (error) => told.push(error.message));
  const first = before(worker);
  await first[0]?.catch(() => undefined);
  const calls = [...first, ...((await end(worker)) ?? [])];
  const settled = (await Promise.allSettled(calls)).map((result) => (result.status === "fulfilled" ? String(result.value) : String(result.reason)));
  return { calls: settled, told };
}

Object.assign(globalThis, { outcome: main() });
