import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { Sink } from "../../core/connectors/sink.ts";
import { OperatorHarness, type OperatorHarnessOptions } from "../../core/testing/operator-harness.ts";
import { csvFileSink } from "../../node/files/csv-sink.ts";
import { jsonLinesFileSink } from "../../node/files/json-lines-sink.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tamias-"));
  path = join(folder, "out.txt");
});
afterEach(() => rmSync(folder, { recursive: true }));

const content = (name = "out.txt"): string => readFileSync(join(folder, name), "utf8");

function open<S>(sink: Sink<never, S>, options?: OperatorHarnessOptions): OperatorHarness {
  const harness = new OperatorHarness(sinkFactory(sink as Sink<unknown, S>), options);
  harness.open();
  return harness;
}

describe("JSON lines", () => {
  test("one line a record", () => {
    const harness = open(jsonLinesFileSink(path));
    for (const record of [{ a: 1, text: "ä\n" }, [2], "x", null]) harness.element(record);
    harness.finish();
    expect(content()).toBe('{"a":1,"text":"ä\\n"}\n[2]\n"x"\nnull\n');
    harness.close();
  });

  test.each([
    [{ n: 1n }, "has no JSON form"],
    [undefined, "undefined has no JSON form"],
  ])("refuses %#", (record, message) => {
    const harness = open(jsonLinesFileSink(path));
    harness.element("before");
    expect(() => harness.element(record)).toThrow(message);
    harness.close();
    expect(content()).toBe('"before"\n');
  });
});

describe("CSV", () => {
  test("a header from the first record, quotes where they are needed", () => {
    const harness = open(csvFileSink(path));
    harness.element({ id: 1, "full name": 'a, "b"', note: undefined });
    harness.element({ id: 2, note: "two\nlines", "full name": null });
    harness.finish();
    expect(content()).toBe('id,full name,note\n1,"a, ""b""",\n2,,"two\nlines"\n');
    expect(() => harness.element({ id: 3, other: 1 })).toThrow(
      'the record has a field "other", but the columns are id, full name, note',
    );
    harness.close();
  });

  test("given columns, another delimiter, no header", () => {
    const harness = open(csvFileSink(path, { columns: ["b", "a"], delimiter: ";", header: false }));
    harness.element({ a: new Date(0), b: { x: 1 } });
    harness.element({});
    harness.close();
    expect(content()).toBe('"{""x"":1}";1970-01-01T00:00:00.000Z\n;\n');
  });
});

describe("whole lines, whatever happens", () => {
  test("a cancel leaves every line that was written, whole", () => {
    const harness = open(jsonLinesFileSink(path));
    for (let i = 0; i < 20_000; i += 1) harness.element({ i, text: "äöü" });
    // What is in the file by itself, before any flush, ends with a line too.
    expect(content().endsWith("}\n")).toBe(true);
    harness.close();
    expect(
      content()
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { i: number }).i),
    ).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
  });

  test("lines come into the file after a while without a checkpoint", () => {
    const harness = open(jsonLinesFileSink(path));
    harness.element(1);
    expect(content()).toBe("");
    harness.setProcessingTime(1_000);
    expect(content()).toBe("1\n");
    harness.element(2);
    harness.setProcessingTime(1_999);
    expect(content()).toBe("1\n");
    harness.setProcessingTime(2_000);
    expect(content()).toBe("1\n2\n");
    harness.close();
  });

  test("a full device is named", () => {
    const harness = open(jsonLinesFileSink("/dev/full"));
    harness.element(1);
    expect(() => harness.finish()).toThrow('cannot write to "/dev/full": no space is left on the device');
    harness.close();
  });

  test.each([
    [() => join(folder, "no", "out.txt"), "does not exist; create it first"],
    [() => folder, "this is a folder"],
  ])("a path that cannot be written is named: %#", (where, message) => {
    expect(() => open(jsonLinesFileSink(where()))).toThrow(message);
  });
});

describe("restore", () => {
  test.each<[string, () => Sink<never, unknown>, readonly unknown[], string]>([
    ["JSON lines", () => jsonLinesFileSink(path) as Sink<never, unknown>, [1, 2, 3], "1\n2\n3\n"],
    ["CSV", () => csvFileSink(path) as Sink<never, unknown>, [{ a: 1 }, { a: 2 }, { a: 3 }], "a\n1\n2\n3\n"],
  ])("%s: each record once, at whatever record the snapshot was taken", (_, make, records, expected) => {
    for (let cut = 0; cut <= records.length; cut += 1) {
      const first = open(make());
      for (const record of records.slice(0, cut)) first.element(record);
      const snapshot = first.snapshot(1);
      for (const record of records.slice(cut)) first.element(record);
      first.close();
      appendFileSync(path, "half a li");
      const second = OperatorHarness.restore(sinkFactory(make() as Sink<unknown, unknown>), snapshot);
      second.open();
      for (const record of records.slice(cut)) second.element(record);
      second.finish();
      second.close();
      expect(content()).toBe(expected);
    }
  });

  test("a file that lost what was written is refused", () => {
    const first = open(jsonLinesFileSink(path));
    first.element("long enough");
    const snapshot = first.snapshot(1);
    first.close();
    truncateSync(path, 2);
    const second = OperatorHarness.restore(sinkFactory(jsonLinesFileSink(path)), snapshot);
    expect(() => second.open()).toThrow("has 2 bytes, but 14 had been written");
  });
});

test("several subtasks write a file each, and a new job makes it anew", () => {
  writeFileSync(join(folder, "out-2.txt"), "old\n");
  const harness = open(jsonLinesFileSink(path), { parallelism: 3, subtask: 1 });
  harness.element(5);
  harness.close();
  expect(content("out-2.txt")).toBe("5\n");
});
