import type { WorkerHandle } from "../../core/host/workers.ts";
import { type Case, type HostUnderTest, Log } from "./case.ts";
import type { Request } from "./other-thread.ts";

/** A host that can start threads. */
export interface ThreadsUnderTest extends HostUnderTest {
  /** A thread that obeys. */
  start(): WorkerHandle;
  /** A thread of a script that is not there. */
  startMissing(): WorkerHandle;
}

/** A thread, and what came from it, its end included. */
interface Obeying {
  readonly worker: WorkerHandle;
  readonly log: Log;
  ask(request: Request, carried?: Parameters<WorkerHandle["port"]["send"]>[1]): void;
}

function started({ until }: HostUnderTest, worker: WorkerHandle, name: string = "main"): Obeying {
  const log = new Log(until);
  // A host of Node would let the process end while only threads are at work.
  worker.setBusy?.(true);
  log.listen(worker.port, name);
  return { worker, log, ask: (request, carried) => worker.port.send(request, carried) };
}

/** What was seen until threads are ended. */
function endOf(workers: readonly WorkerHandle[], log: Log): unknown[] {
  const seen = [...log.entries];
  for (const worker of workers) worker.terminate();
  return seen;
}

/** As many as are open at a time in a large cluster. */
const LINKS = 50;

const LINES_TO_THREADS: readonly Case<ThreadsUnderTest>[] = [
  {
    title: "what is sent before the thread listens is held, on both lines, in order",
    expected: [...Array.from({ length: 20 }, (_, message) => `main got it got ${message}`), "main got it learnt of the close"],
    async run(under) {
      const [a, b] = under.host.network.openLine();
      for (let message = 0; message < 10; message += 1) a.send(message);
      const { worker, log, ask } = started(under, under.start());
      ask({ act: "report" }, { ports: [b] });
      for (let message = 10; message < 20; message += 1) a.send(message);
      a.close();
      a.send("too late");
      await log.reached(21);
      await under.settle();
      return endOf([worker], log);
    },
  },
  {
    title: "a port goes to a thread and back, and what was sent to it comes along",
    expected: ["back got before", "back got while it was away", "back got after"],
    async run(under) {
      const [kept, carried] = under.host.network.openLine();
      const worker = under.start();
      const log = new Log(under.until);
      kept.send("before");
      worker.port.listen((_message, [port]) => {
        log.listen(port!, "back");
        kept.send("after");
      }, () => {});
      worker.port.send({ act: "echo" } satisfies Request, { ports: [carried] });
      kept.send("while it was away");
      await log.reached(3);
      return endOf([worker], log);
    },
  },
  {
    title: "two threads talk by a line that was made here, in order, and learn of its close",
    expected: ["second got it got hello", "second got it got again", "second got it learnt of the close"],
    async run(under) {
      const [first, second] = [started(under, under.start(), "first"), started(under, under.start(), "second")];
      const [a, b] = under.host.network.openLine();
      first.ask({ act: "say", value: "hello" }, { ports: [a] });
      first.ask({ act: "say", value: "again" });
      first.ask({ act: "close" });
      first.ask({ act: "say", value: "too late" });
      second.ask({ act: "report" }, { ports: [b] });
      await second.log.reached(3);
      await under.settle();
      return endOf([first.worker, second.worker], second.log);
    },
  },
  {
    // Firefox loses shared memory that is sent by an end which has just come.
    title: "links between two threads begin as soon as their lines come",
    expected: [Array(LINKS).fill("first got it got 2"), Array(LINKS).fill("second got it got 1")],
    async run(under) {
      const [leader, ...both] = [started(under, under.start(), "leader"), started(under, under.start(), "first"), started(under, under.start(), "second")];
      const lines = both.map(({ ask }) => {
        const [own, theirs] = under.host.network.openLine();
        ask({ act: "obey" }, { ports: [theirs] });
        return own;
      });
      for (let links = 1; links <= LINKS; links += 1) {
        leader!.ask({ act: "lead" }, { ports: links === 1 ? lines : [] });
        for (const { log } of both) await log.reached(links);
      }
      await under.settle();
      leader!.worker.terminate();
      return both.map(({ worker, log }) => endOf([worker], log));
    },
  },
  {
    title: "memory goes to a thread and back: it is gone here, and gone there",
    expected: { here: 0, back: [1, 2, 3] },
    async run(under) {
      const worker = under.start();
      const bytes = Uint8Array.of(1, 2, 3);
      const log = new Log(under.until);
      worker.port.listen((message) => log.note([...(message as Uint8Array)]), () => {});
      worker.port.send({ act: "echo", value: bytes } satisfies Request, { buffers: [bytes.buffer] });
      const here = bytes.byteLength;
      await log.reached(1);
      worker.terminate();
      return { here, back: log.entries[0] };
    },
  },
  {
    title: "threads see the same memory where the host says so",
    expected: "as the host says",
    async run(under) {
      if (!under.host.sharesMemory) return "as the host says";
      const worker = under.start();
      const shared = new Uint8Array(new SharedArrayBuffer(1));
      const log = new Log(under.until);
      worker.port.listen((message) => log.note(message), () => {});
      worker.port.send({ act: "share", value: shared } satisfies Request);
      await log.reached(1);
      worker.terminate();
      return shared[0] === 42 ? "as the host says" : "not shared";
    },
  },
  {
    title: "what cannot be cloned throws where it is sent, and nothing of it, before it or behind it is lost",
    expected: { refused: true, came: ["main got before", "main got with memory of 2", "main got hello"] },
    async run(under) {
      const { worker, log, ask } = started(under, under.start());
      const [kept, carried] = under.host.network.openLine();
      const memory = new ArrayBuffer(2);
      ask({ act: "say", value: "before" });
      let refused = false;
      try {
        worker.port.send({ act: "say", value: () => {} }, { ports: [carried], buffers: [memory] });
      } catch {
        refused = true;
      }
      ask({ act: "say", value: `with memory of ${memory.byteLength}` });
      kept.listen((message) => log.note(`main got ${String(message)}`), () => {});
      await log.reached(2);
      ask({ act: "say", value: "hello" }, { ports: [carried] });
      await log.reached(3);
      worker.terminate();
      return { refused, came: log.entries.slice(0, 3) };
    },
  },
];

const ENDS: readonly Case<ThreadsUnderTest>[] = [
  {
    title: "a line that the thread closes is closed here, behind what it sent, and sends do nothing",
    expected: ["kept got last words", "kept closed"],
    async run(under) {
      const { worker, ask } = started(under, under.start());
      const [kept, carried] = under.host.network.openLine();
      const log = new Log(under.until);
      log.listen(kept, "kept");
      ask({ act: "say", value: "last words" }, { ports: [carried] });
      ask({ act: "close" });
      await log.reached(2);
      kept.send("too late");
      kept.close();
      await under.settle();
      return endOf([worker], log);
    },
  },
  ending("a thread that is terminated", "it was terminated", ({ worker }) => worker.terminate()),
  ending("a thread that is terminated while it spins", "it was terminated", async ({ worker, log, ask }) => {
    ask({ act: "spin", value: "spinning" });
    await log.reached(1);
    worker.terminate();
  }),
  ending("a thread that ends by itself", /^it ended by itself$|^its thread ended with exit code 3$/, ({ ask }) => ask({ act: "exit" })),
  ending("a thread that throws", /a bug in it/, ({ ask }) => ask({ act: "throw", value: "a bug in it" })),
  ending("a thread with a rejection that nobody handles", /a bug in it/, ({ ask }) => ask({ act: "reject", value: "a bug in it" })),
  ending("a thread that closes its line", /./, ({ ask }) => ask({ act: "close" })),
  ending("a thread whose line is closed here", /./, ({ worker }) => worker.port.close()),
  {
    title: "a script that is not there closes the line, and the reason is known",
    expected: ["main closed", true],
    async run(under) {
      const { worker, log } = started(under, under.startMissing());
      await log.reached(1);
      return [...log.entries, /there-is-no-such-script/.test(worker.reason ?? "")];
    },
  },
];

/** However it ends, its line closes once and the reason is known. Messages on the way may be lost with it. */
function ending(title: string, reason: string | RegExp, end: (obeying: Obeying) => void | Promise<void>): Case<ThreadsUnderTest> {
  return {
    title: `${title} closes its line here once, and the reason is known; it ends, and sends do nothing`,
    expected: ["main closed", true],
    async run(under) {
      const obeying = started(under, under.start());
      const { worker, log, ask } = obeying;
      const closes = (): unknown[] => log.entries.filter((entry) => entry === "main closed");
      // By the answer it is there.
      ask({ act: "say", value: "hello" });
      await log.reached(1);
      await end(obeying);
      await under.until(() => 0 < closes().length);
      const known = typeof reason === "string" ? worker.reason === reason : reason.test(worker.reason ?? "");
      ask({ act: "say", value: "too late" });
      worker.terminate();
      worker.port.close();
      await under.settle();
      return [...closes(), known ? true : worker.reason];
    },
  };
}

/** What hosts whose lines lead to other threads promise beside, and who starts those. */
export const WORKER_CASES: readonly Case<ThreadsUnderTest>[] = [...LINES_TO_THREADS, ...ENDS];
