import { describe, expect, test } from "vitest";
import { RESULT_UNITS_MAX, RESULTS_MAX, ResultLog } from "../../edge/result-log.ts";
import { resultStream } from "../../edge/result-stream.ts";

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream).text();
}

describe("a stream of results", () => {
  test("says that it is there while there are none", async () => {
    const log = new ResultLog();
    const reader = resultStream(log, 1, 1).getReader();
    const decoder = new TextDecoder();
    expect(decoder.decode((await reader.read()).value)).toBe(":\n\n");
    log.append(["first"]);
    for (let text = ":\n\n"; text.startsWith(":"); ) {
      text = decoder.decode((await reader.read()).value);
      if (!text.startsWith(":")) expect(text).toBe('id: 1\ndata: "first"\n\n');
    }
    await reader.cancel();
  });

  test("tells a reader who was too slow what is missing", async () => {
    const log = new ResultLog();
    log.append(["the only one"]);
    const stream = resultStream(log, 2, 1_000);
    log.append(Array.from({ length: RESULTS_MAX + 5 }, (_none, index) => index));
    log.end({ status: "FINISHED" });
    expect(await textOf(stream)).toMatch(/^event: gone\ndata: \{"code":"RESULTS_GONE",.*"oldest":7\}\n\n$/);
  });

  test("tells a reader who came too late for the first ones, and goes on with the oldest", async () => {
    const log = new ResultLog();
    const quarter = "x".repeat(RESULT_UNITS_MAX / 4);
    log.append([quarter, quarter, quarter, quarter, "last"]);
    log.end({ status: "FINISHED" });
    const text = await textOf(resultStream(log, 1, 1_000));
    expect(text).toMatch(/^event: gone\ndata: \{"code":"RESULTS_GONE",.*"oldest":2\}\n\nid: 2\n/);
    expect(text).toMatch(/id: 5\ndata: "last"\n\nevent: end\ndata: \{"status":"FINISHED"\}\n\n$/);
  });

  test("a reader who stops leaves nothing behind that waits", async () => {
    const log = new ResultLog();
    const reader = resultStream(log, 1, 2 ** 30).getReader();
    const read = reader.read();
    await reader.cancel();
    expect(await read).toEqual({ done: true, value: undefined });
    log.append([1]);
    log.end({ status: "FINISHED" });
  });
});

describe("the log of results", () => {
  test("large results leave room for fewer, and the last one is always there", () => {
    const log = new ResultLog();
    const quarter = "x".repeat(RESULT_UNITS_MAX / 4);
    log.append([quarter, quarter, quarter, quarter, quarter]);
    expect([log.oldestId, log.nextId]).toEqual([3, 6]);
    log.append([quarter.repeat(5)]);
    expect([log.oldestId, log.nextId, log.at(6).length]).toEqual([6, 7, 5 * quarter.length + 2]);
    log.append([1, 2]);
    expect([log.oldestId, log.nextId]).toEqual([7, 9]);
  });

  test("results are JSON: what it has no word for becomes null or text", () => {
    const log = new ResultLog();
    log.append([undefined, NaN, 2n ** 64n, { at: new Date(0), big: 1n }]);
    expect([1, 2, 3, 4].map((id) => log.at(id))).toEqual(["null", "null", '"18446744073709551616"', '{"at":"1970-01-01T00:00:00.000Z","big":"1"}']);
  });
});
