import { describe, expect, test } from "vitest";
import { CollectedRows, RowBuffer } from "../../core/api/collected-rows.ts";
import type { JobClient } from "../../core/api/executor.ts";
import { StreamExecutionEnvironment } from "tamias";

const streams = (): StreamExecutionEnvironment => StreamExecutionEnvironment.getExecutionEnvironment();

describe("executeAndCollect", () => {
  test("gives every row in order and ends", async () => {
    const rows: number[] = [];
    for await (const row of streams().fromElements(1, 2, 3).map((n) => n * 2).executeAndCollect()) rows.push(row);
    expect(rows).toEqual([2, 4, 6]);
  });

  test("more rows than the job may be ahead", async () => {
    expect((await streams().fromSequence(1, 10_000).executeAndCollect().toArray()).length).toBe(10_000);
  });

  test("undefined and null are rows", async () => {
    expect(await streams().fromElements(undefined, null, 0).executeAndCollect().toArray()).toEqual([undefined, null, 0]);
  });

  test("a limit ends the job", async () => {
    expect(await streams().fromSequence(1, Number.MAX_SAFE_INTEGER).executeAndCollect(3).toArray()).toEqual([1, 2, 3]);
  });

  test("leaving the loop cancels the job, which closes its functions once", async () => {
    const events: string[] = [];
    const stream = streams()
      .fromSequence(1, Number.MAX_SAFE_INTEGER)
      .map({ map: (n) => n, open: () => void events.push("open"), close: () => void events.push("close") });
    for await (const row of stream.executeAndCollect()) if (row === 5) break;
    expect(events).toEqual(["open", "close"]);
  });

  test("rows before a failure come first, then the failure, then nothing", async () => {
    const rows = streams()
      .fromElements(1, 2, 3)
      .map((n) => {
        if (n === 3) throw new Error("three");
        return n;
      })
      .executeAndCollect();
    expect([await rows.next(), await rows.next()]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
    ]);
    await expect(rows.next()).rejects.toMatchObject({ code: "USER_FUNCTION_FAILED", place: { operator: "Map", record: "3" } });
    expect(await rows.next()).toEqual({ done: true, value: undefined });
  });

  test("an aborted signal rejects with its reason", async () => {
    const controller = new AbortController();
    const rows = streams().fromSequence(1, Number.MAX_SAFE_INTEGER).executeAndCollect({ signal: controller.signal });
    await rows.next();
    controller.abort("enough");
    await expect(rows.toArray()).rejects.toMatchObject({ code: "JOB_CANCELED", cause: "enough" });
  });

  test("a stream can be collected twice, and nothing runs until a row is asked for", async () => {
    let calls = 0;
    const stream = streams()
      .fromElements("a")
      .map((letter) => {
        calls += 1;
        return letter;
      });
    const first = stream.executeAndCollect();
    const second = stream.executeAndCollect();
    expect(calls).toBe(0);
    expect([await first.toArray(), await second.toArray(), calls]).toEqual([["a"], ["a"], 2]);
  });

  test("returning before the first row starts no job", async () => {
    const rows = new CollectedRows<number>(
      new RowBuffer(),
      (): JobClient => {
        throw new Error("submitted");
      },
      {},
    );
    expect(await rows.return()).toEqual({ done: true, value: undefined });
    expect(await rows.next()).toEqual({ done: true, value: undefined });
  });
});

describe("RowBuffer", () => {
  test("asks the job to wait, and tells it when to go on", async () => {
    const buffer = new RowBuffer<number>();
    let woken = 0;
    const stop = buffer.onReady(() => {
      woken += 1;
    });
    for (let row = 0; row < 1024; row += 1) buffer.take(row);
    expect(buffer.isReady()).toBe(false);
    for (let row = 0; row < 512; row += 1) expect(await buffer.next()).toEqual({ value: row });
    expect([buffer.isReady(), woken]).toEqual([true, 1]);
    stop();
  });

  test("several readers wait in order", async () => {
    const buffer = new RowBuffer<string>();
    const waiting = [buffer.next(), buffer.next(), buffer.next()];
    buffer.take("a");
    buffer.take("b");
    buffer.end(undefined);
    expect(await Promise.all(waiting)).toEqual([{ value: "a" }, { value: "b" }, undefined]);
  });
});
