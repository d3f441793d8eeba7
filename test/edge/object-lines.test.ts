import { afterAll, describe, expect, test } from "vitest";
import { CALL_BYTES_MAX, MESSAGE_BYTES_MAX } from "../../edge/message-frames.ts";
import { WAITING_BYTES_MAX } from "../../edge/line-end.ts";
import { type Probe, type ProbeServer, serveProbes } from "./probe-server.ts";

const server: ProbeServer = await serveProbes();
afterAll(() => server.close());

/** Two new objects, with the host of each. */
async function objects(): Promise<readonly [Probe, Probe]> {
  const name = expect.getState().currentTestName!;
  const [a, b] = [server.probe(`${name} a`), server.probe(`${name} b`)];
  await a("start", `${name} a`);
  await b("start", `${name} b`);
  return [a, b];
}

const connectTo = (probe: Probe, name: string, line = "line"): Promise<unknown> => probe("openLine", `${expect.getState().currentTestName!} ${name}`, line);

/** Two new objects with a line between them. */
async function connected(): Promise<readonly [Probe, Probe]> {
  const [a, b] = await objects();
  await connectTo(a, "b");
  await connectTo(b, "a");
  return [a, b];
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_none, index) => from + index);

describe("a line between two objects", () => {
  test("what is sent before the other end is connected and listens is held, in order", async () => {
    const [a, b] = await objects();
    await connectTo(a, "b");
    await a("send", "line", range(0, 10));
    await connectTo(b, "a");
    await a("send", "line", range(10, 20));
    await b("listen", "line");
    await a("send", "line", range(20, 30));
    expect(await b("seen", "line", 30)).toEqual(range(0, 30));
  });

  test("messages go both ways, and lines of one pair of objects are apart", async () => {
    const [a, b] = await connected();
    await connectTo(a, "b", "other");
    await connectTo(b, "a", "other");
    for (const line of ["line", "other"]) {
      await a("listen", line);
      await b("listen", line);
      await a("send", line, [`by ${line}`]);
      await b("send", line, [`back by ${line}`]);
    }
    for (const line of ["line", "other"]) {
      expect(await b("seen", line, 1)).toEqual([`by ${line}`]);
      expect(await a("seen", line, 1)).toEqual([`back by ${line}`]);
    }
  });

  test("many messages go in few calls, one at a time, in order", async () => {
    const [a, b] = await connected();
    await b("listen", "line");
    for (let round = 0; round < 10; round += 1) await a("send", "line", range(1_000 * round, 1_000 * (round + 1)));
    expect(await b("seen", "line", 10_000)).toEqual(range(0, 10_000));
    const { count, atOnceMax } = (await b("calls")) as { readonly count: number; readonly atOnceMax: number };
    expect(atOnceMax).toBe(1);
    expect(count).toBeLessThanOrEqual(10);
  });

  test("memory of any size around that of a call arrives whole, in calls of 1 MiB at most", async () => {
    const [a, b] = await connected();
    await b("listen", "line");
    const lengths = [0, 1, CALL_BYTES_MAX - 20, CALL_BYTES_MAX - 11, CALL_BYTES_MAX - 10, CALL_BYTES_MAX, CALL_BYTES_MAX + 1, 3.5 * 2 ** 20, 7, 2 ** 23];
    for (const length of lengths) expect(await a("sendBytes", "line", [length])).toBe("");
    const seen = (await b("seen", "line", lengths.length)) as readonly unknown[];
    expect(seen).toEqual(lengths.map((length) => ({ kind: "Uint8Array", length, isWhole: true })));
    expect(await b("calls")).toMatchObject({ atOnceMax: 1, bytesMax: CALL_BYTES_MAX });
  });

  test("a message beyond the bound of one is refused where it is sent, and the line goes on", async () => {
    const [a, b] = await connected();
    await b("listen", "line");
    expect(await a("sendBytes", "line", [MESSAGE_BYTES_MAX])).toContain("NOT_SERIALIZABLE");
    expect(await a("sendBytes", "line", [MESSAGE_BYTES_MAX - 16])).toBe("");
    await a("send", "line", ["behind"]);
    expect(await b("seen", "line", 2)).toMatchObject([{ length: MESSAGE_BYTES_MAX - 16 }, "behind"]);
  });

  test("a sender that nobody takes anything from gives the line up in time, and says so", async () => {
    const [a] = await objects();
    await connectTo(a, "b");
    await a("listen", "line");
    const pieces = Array.from({ length: WAITING_BYTES_MAX / 2 ** 20 + 1 }, () => 2 ** 20);
    expect(await a("sendBytes", "line", pieces)).toBe("");
    expect(await a("seen", "line", 1)).toEqual(["closed"]);
    expect(await a("printed")).toEqual([expect.stringContaining('the line "line" was given up')]);
  });

  test("an end that does not listen holds one call's bytes; the rest waits at the sender", async () => {
    const [a, b] = await connected();
    await a("sendBytes", "line", range(0, 8).map(() => 2 ** 20));
    await connectTo(a, "b", "later");
    await connectTo(b, "a", "later");
    await b("listen", "later");
    await a("send", "later", ["something else arrives meanwhile"]);
    await b("seen", "later", 1);
    expect(await b("calls")).toMatchObject({ count: 2 });
    await b("listen", "line");
    expect(await b("seen", "line", 8)).toHaveLength(8);
  });

  test("ports cannot be carried, and the error says what can be done", async () => {
    const [a] = await connected();
    expect(await a("sendPort", "line")).toContain("connect from the other object");
  });
});

describe("the end of a line between two objects", () => {
  test("both ends learn once of a close, after the messages sent before it", async () => {
    const [a, b] = await connected();
    await a("listen", "line");
    await b("listen", "line");
    await a("send", "line", range(0, 100));
    await a("close", "line");
    await a("close", "line");
    await a("send", "line", ["too late"]);
    expect(await b("seen", "line", 101)).toEqual([...range(0, 100), "closed"]);
    await b("close", "line");
    await b("send", "line", ["too late"]);
    expect(await a("seen", "line", 1)).toEqual(["closed"]);
    await connectedAgain(a, b);
    expect(await b("seen", "again", 1)).toEqual(["still here"]);
    expect([await a("seen", "line", 1), await b("seen", "line", 101)]).toEqual([["closed"], [...range(0, 100), "closed"]]);
  });

  test("closed from both sides at once, both learn of it once", async () => {
    const [a, b] = await connected();
    await a("listen", "line");
    await b("listen", "line");
    await Promise.all([a("close", "line"), b("close", "line")]);
    expect([await a("seen", "line", 1), await b("seen", "line", 1)]).toEqual([["closed"], ["closed"]]);
    await connectedAgain(a, b);
    expect([await a("seen", "line", 1), await b("seen", "line", 1)]).toEqual([["closed"], ["closed"]]);
  });

  test("who connects or listens after the close still gets what was sent, then the close", async () => {
    const [a, b] = await objects();
    await connectTo(a, "b");
    await a("send", "line", ["held"]);
    await a("close", "line");
    await connectTo(b, "a");
    await b("listen", "line");
    expect(await b("seen", "line", 2)).toEqual(["held", "closed"]);
    await a("listen", "line");
    expect(await a("seen", "line", 1)).toEqual(["closed"]);
  });

  test("who closes gets nothing any more, not even what lies here already, but learns of the close", async () => {
    const [a, b] = await connected();
    await a("send", "line", ["not heard"]);
    await connectTo(a, "b", "later");
    await connectTo(b, "a", "later");
    await b("listen", "later");
    await a("send", "later", ["behind it"]);
    await b("seen", "later", 1);
    await b("close", "line");
    await b("listen", "line");
    expect(await b("seen", "line", 1)).toEqual(["closed"]);
    await connectedAgain(a, b);
    expect(await b("seen", "line", 1)).toEqual(["closed"]);
  });

  test("the same line can be connected again after its close", async () => {
    const [a, b] = await connected();
    for (const probe of [a, b]) await probe("listen", "line");
    await a("close", "line");
    await b("seen", "line", 1);
    await a("seen", "line", 1);
    await connectTo(b, "a");
    await connectTo(a, "b");
    await b("listen", "line");
    await a("send", "line", ["in the second line"]);
    expect(await b("seen", "line", 1)).toEqual(["in the second line"]);
  });

  test("the end of an object that was reset is the end of its lines, once, behind what it sent", async () => {
    const [a, b] = await connected();
    await a("listen", "line");
    await b("send", "line", ["last words"]);
    expect(await a("seen", "line", 1)).toEqual(["last words"]);
    await expect(b("die")).rejects.toThrow("the test ends this object");
    expect(await a("seen", "line", 2)).toEqual(["last words", "closed"]);
  });

  test("an object that was made again gets nothing of what was sent to the one before", async () => {
    const [a, b] = await connected();
    await a("listen", "line");
    await a("sendBytes", "line", range(0, 4).map(() => 2 ** 20));
    await expect(b("die")).rejects.toThrow();
    await b("start", `${expect.getState().currentTestName!} b`);
    await connectTo(b, "a");
    await b("listen", "line");
    expect(await a("seen", "line", 1)).toEqual(["closed"]);
    await connectTo(a, "b");
    await a("listen", "line");
    await a("send", "line", ["to the new one"]);
    expect(await b("seen", "line", 1)).toEqual(["to the new one"]);
  });

  test("a line to an object that vanishes before it connects is closed", async () => {
    const [a, b] = await objects();
    await connectTo(a, "b");
    await a("listen", "line");
    await expect(b("die")).rejects.toThrow();
    expect(await a("seen", "line", 1)).toEqual(["closed"]);
  });
});

/** Another line, by which a test knows that all that could come has come. */
async function connectedAgain(a: Probe, b: Probe): Promise<void> {
  await connectTo(a, "b", "again");
  await connectTo(b, "a", "again");
  await b("listen", "again");
  await a("send", "again", ["still here"]);
  await b("seen", "again", 1);
}
