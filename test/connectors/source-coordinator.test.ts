import { expect, test } from "vitest";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { SourceCoordinator } from "../../core/connectors/source-coordinator.ts";
import type { Source, SplitEnumeratorContext } from "../../core/connectors/source.ts";
import { types } from "../../core/data/type.ts";
import type { JobError } from "../../core/lib/errors.ts";
import type { ToReader } from "../../core/operators/source-protocol.ts";
import { SourceHarness } from "./source-harness.ts";

const numbers = (lines: readonly string[]): number[] => lines.map(Number).sort((a, b) => a - b);

test("splits assigned since the last completed checkpoint are given back when their reader fails", () => {
  const harness = new SourceHarness(new SequenceSource(1, 9), { parallelism: 3 });
  for (let polls = 0; polls < 2; polls += 1) harness.poll(1);
  expect(harness.take(1)).toEqual(["4", "5"]);
  // No checkpoint has completed: the reader starts from nothing, and its split comes again from its start.
  harness.restartReader(1);
  expect(harness.drain()).toBe(true);
  expect(numbers(harness.take(1))).toEqual([4, 5, 6]);
  expect(numbers([...harness.take(0), ...harness.take(2)])).toEqual([1, 2, 3, 7, 8, 9]);
});

test("splits in the state of a completed checkpoint belong to the reader", () => {
  const harness = new SourceHarness(new SequenceSource(1, 9), { parallelism: 3 });
  harness.poll(1);
  harness.completed(harness.snapshot(1));
  harness.poll(1);
  expect(harness.take(1)).toEqual(["4", "5"]);
  harness.restartReader(1);
  harness.drain();
  expect(harness.take(1)).toEqual(["5", "6"]);
});

test("a checkpoint that has not completed does not count", () => {
  const harness = new SourceHarness(new SequenceSource(1, 9), { parallelism: 3 });
  harness.poll(1);
  harness.snapshot(1);
  harness.take(1);
  harness.restartReader(1);
  harness.drain();
  expect(numbers(harness.take(1))).toEqual([4, 5, 6]);
});

interface Log {
  readonly calls: string[];
  context: SplitEnumeratorContext<string> | undefined;
}

/** Notes every call. */
function loggingSource(log: Log): Source<never, string, number> {
  const enumerator = (context: SplitEnumeratorContext<string>, start: string) => {
    log.context = context;
    log.calls.push(start);
    return {
      start: () => void log.calls.push("start"),
      addReader: (subtask: number) => void log.calls.push(`reader ${subtask}`),
      handleSplitRequest: (subtask: number) => void log.calls.push(`request ${subtask}`),
      handleSourceEvent: (subtask: number, event: unknown) => void log.calls.push(`event ${subtask} ${String(event)}`),
      addSplitsBack: (splits: readonly string[], subtask: number) => void log.calls.push(`back ${subtask} ${splits.join()}`),
      snapshotState: () => 42,
      close: () => void log.calls.push("close"),
    };
  };
  return {
    boundedness: "BOUNDED",
    describe: () => "log",
    splitType: types.string,
    enumeratorStateType: types.number,
    createEnumerator: (context) => enumerator(context, "created"),
    restoreEnumerator: (context, state) => enumerator(context, `restored ${state}`),
    createReader: () => {
      throw new Error("no reader here");
    },
  };
}

function coordinate(restore?: Uint8Array) {
  const log: Log = { calls: [], context: undefined };
  const sent: [number, ToReader][] = [];
  const mail: (() => void)[] = [];
  const failures: JobError[] = [];
  const coordinator = new SourceCoordinator(loggingSource(log), {
    parallelism: 2,
    send: (subtask, message) => void sent.push([subtask, message]),
    at: () => ({ cancel: () => {} }),
    now: () => 7,
    post: (job) => void mail.push(job),
    fail: (error) => void failures.push(error),
  });
  if (restore !== undefined) coordinator.restore(restore);
  coordinator.start();
  return { coordinator, log, sent, mail, failures, context: log.context! };
}

test("messages go both ways, and state goes through its type", () => {
  const { coordinator, log, sent, context } = coordinate();
  coordinator.receive(1, { kind: "register" });
  coordinator.receive(0, { kind: "register" });
  coordinator.receive(0, { kind: "request-split" });
  coordinator.receive(1, { kind: "event", event: "hello" });
  expect(context.registeredReaders()).toEqual([0, 1]);
  context.assignSplit("s", 1);
  context.sendEventToReader(0, "hi");
  context.signalNoMoreSplits(1);
  expect(sent).toEqual([
    [1, { kind: "add-splits", splits: ["s"] }],
    [0, { kind: "event", event: "hi" }],
    [1, { kind: "no-more-splits" }],
  ]);
  coordinator.subtaskFailed(1);
  coordinator.close();
  coordinator.close();
  coordinator.receive(0, { kind: "request-split" });
  expect(log.calls).toEqual(["created", "start", "reader 1", "reader 0", "request 0", "event 1 hello", "back 1 s", "close"]);
  expect(coordinate(coordinate().coordinator.snapshot(1)).log.calls).toEqual(["restored 42", "start"]);
});

test("an asynchronous answer is handled as mail, once, and not after the end", () => {
  const { coordinator, mail, failures, context } = coordinate();
  const handled: number[] = [];
  let answer: (result: number) => void = () => {};
  context.callAsync<number>(
    (answerNow) => answerNow(1),
    (result) => handled.push(result),
  );
  context.callAsync<number>(
    (later) => (answer = later),
    (result) => handled.push(result),
  );
  expect(handled).toEqual([]);
  for (const job of mail.splice(0)) job();
  expect(handled).toEqual([1]);
  answer(2);
  answer(3);
  for (const job of mail.splice(0)) job();
  expect(handled).toEqual([1, 2]);
  context.callAsync<number>(
    (_, failure) => failure(new Error("gone")),
    () => {},
  );
  for (const job of mail.splice(0)) job();
  expect(failures.map(({ code, reason }) => `${code} ${reason}`)).toEqual([
    'SOURCE_FAILED the split enumerator of the source "log" failed: gone',
  ]);
  context.callAsync<number>(
    (answerNow) => answerNow(4),
    (result) => handled.push(result),
  );
  coordinator.close();
  for (const job of mail.splice(0)) job();
  expect(handled).toEqual([1, 2]);
});

test("a split for a reader that is not there fails with what to wait for", () => {
  const { context } = coordinate();
  expect(() => context.assignSplit("s", 1)).toThrow("wait for addReader(1)");
});
