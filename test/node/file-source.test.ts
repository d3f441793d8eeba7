import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FileSplit } from "../../node/files/file-cursor.ts";
import { csvFileSource, FileSource, jsonLinesFileSource, textFileSource } from "../../node/files/file-source.ts";
import { NumberedLineFormat, TextLineInputFormat } from "../../node/files/text-line-format.ts";
import type { JobError } from "../../core/lib/errors.ts";
import { SourceHarness } from "../connectors/source-harness.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tamias-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function read<T>(source: FileSource<T>, parallelism = 1): Promise<string[]> {
  const harness = new SourceHarness<T, FileSplit, unknown>(source as never, { parallelism });
  try {
    await harness.drainAsync();
    return harness.output.flat();
  } finally {
    harness.close();
  }
}

async function failureOf(source: FileSource<unknown>): Promise<JobError> {
  return await read(source).then(
    () => {
      throw new Error("nothing failed");
    },
    (cause: unknown) => cause as JobError,
  );
}

describe("finding files", () => {
  beforeEach(() => {
    mkdirSync(join(folder, "logs", "old"), { recursive: true });
    for (const name of ["b.log", "a.log", "old/c.log", "note.txt", ".hidden.log", "_tmp.log"]) file(`logs/${name}`, `${name}\n`);
  });

  test.each<[string, readonly string[], readonly string[]]>([
    ["a file", ["logs/b.log"], ["b.log"]],
    ["files in the order given, each once", ["logs/b.log", "logs/a.log", "logs/*.log"], ["b.log", "a.log", "_tmp.log"]],
    ["a pattern, sorted", ["logs/[ab].log"], ["a.log", "b.log"]],
    ["a deep pattern", ["logs/**/{a,c}.log"], ["a.log", "old/c.log"]],
    ["a folder, without hidden files", ["logs"], ["a.log", "b.log", "note.txt", "old/c.log"]],
  ])("%s", async (_, paths, expected) => {
    expect(await read(textFileSource(paths.map((path) => join(folder, path))))).toEqual(expected);
  });

  test("URLs are paths, and subtasks share the files", async () => {
    const source = FileSource.forRecordStreamFormat(new TextLineInputFormat(), pathToFileURL(join(folder, "logs"))).build();
    expect((await read(source, 3)).sort()).toEqual(["a.log", "b.log", "note.txt", "old/c.log"]);
  });

  test.each([
    ["nowhere.log", "INVALID_ARGUMENT", 'there is no file "'],
    ["logs/*.json", "INVALID_ARGUMENT", "no file matches the pattern"],
    ["logs/a.log/x", "INVALID_ARGUMENT", "there is no file"],
  ])("%s says what is missing", async (path, code, message) => {
    const failure = await failureOf(textFileSource(join(folder, path)));
    expect(failure.code).toBe(code);
    expect(failure.reason).toContain(message);
    expect(failure.reason).toContain(path);
  });

  test("an empty folder says so", async () => {
    mkdirSync(join(folder, "empty"));
    expect((await failureOf(textFileSource(join(folder, "empty")))).reason).toContain("holds no files");
  });
});

describe("formats", () => {
  test("text lines, the last without its end", async () => {
    expect(await read(textFileSource(file("t", "a\r\n\nb")))).toEqual(["a", "", "b"]);
    expect(await read(textFileSource(file("e", "")))).toEqual([]);
  });

  test("numbered lines", async () => {
    const source = new FileSource(new NumberedLineFormat(), [file("t", "a\nb\n")]);
    expect(await read(source)).toEqual(['{"text":"a","lineNumber":1}', '{"text":"b","lineNumber":2}']);
  });

  test("a file much larger than a chunk", async () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `line ${i} äöü`);
    expect(await read(textFileSource(file("t", lines.join("\n"))))).toEqual(lines);
  });

  test("a line that is too long is refused, or handed to onMalformed", async () => {
    const path = file("t", "short\nlonger than ten\nshort\n");
    const failure = await failureOf(textFileSource(path, { lineBytesMax: 10 }));
    expect(failure.reason).toContain(`${path}, line 2: longer than 10 bytes; raise lineBytesMax`);
    const kept = textFileSource(path, { lineBytesMax: 10, onMalformed: (line) => `${line}…` });
    expect(await read(kept)).toEqual(["short", "longer tha…", "short"]);
  });

  test("JSON lines", async () => {
    expect(await read(jsonLinesFileSource(file("j", '{"a":1}\n\n  [2]\r\n')))).toEqual(['{"a":1}', "[2]"]);
  });

  test("malformed JSON names file and line", async () => {
    const path = file("j", '{"a":1}\n{"a":\n');
    const failure = await failureOf(jsonLinesFileSource(path));
    expect(failure.code).toBe("MALFORMED_RECORD");
    expect(failure.reason).toContain(`${path}, line 2: not JSON: `);
    expect(failure.place).toMatchObject({ operator: "source", subtask: 0, record: '"{\\"a\\":"' });
  });

  test("a schema checks, and onMalformed replaces or leaves out", async () => {
    const path = file("j", '{"a":1}\n{"a":"x"}\nnope\n{"a":2}\n');
    const schema = v.object({ a: v.number() });
    const failure = await failureOf(jsonLinesFileSource(path, { schema }));
    expect(failure.reason).toContain("line 2: a: Invalid type");
    const reasons: string[] = [];
    const source = jsonLinesFileSource(path, {
      schema,
      onMalformed: (line, lineNumber, reason) => {
        reasons.push(`${lineNumber} ${line}: ${reason.slice(0, 8)}`);
        return line === "nope" ? { a: -1 } : undefined;
      },
    });
    expect(await read(source)).toEqual(['{"a":1}', '{"a":-1}', '{"a":2}']);
    expect(reasons).toEqual(['2 {"a":"x"}: a: Inval', "3 nope: not JSON"]);
  });

  test("CSV with a header, quotes, delimiters and line feeds in fields", async () => {
    const path = file("c", '\uFEFFid,name\r\n1,"a, ""b"""\r\n\r\n2,"two\nlines"\r\n3,\r\n');
    expect(await read(csvFileSource(path))).toEqual([
      '{"id":"1","name":"a, \\"b\\""}',
      '{"id":"2","name":"two\\nlines"}',
      '{"id":"3","name":""}',
    ]);
    const typed = csvFileSource(path, { parse: (row) => Number(row["id"]) });
    expect(await read(typed)).toEqual(["1", "2", "3"]);
    const positional = csvFileSource(file("d", "1;2\n3;4"), { delimiter: ";", columns: ["x", "y"] });
    expect(await read(positional)).toEqual(['{"x":"1","y":"2"}', '{"x":"3","y":"4"}']);
  });

  test.each([
    ["id,name\n1,a\n2\n", "line 3: 1 fields where there should be 2 (id, name)"],
    ['id,name\n1,"a\nb"\n2,"x"y\n', "line 4: "],
    ['id,name\n1,"open\n', "line 2: "],
    ["id,id\n1,2\n", 'line 1: the column "id" is named twice'],
  ])("malformed CSV names file and line: %#", async (content, message) => {
    const path = file("c", content);
    const failure = await failureOf(csvFileSource(path));
    expect(failure.code).toBe("MALFORMED_RECORD");
    expect(failure.reason).toContain(`${path}, ${message}`);
  });
});

describe("restoring at every record gives the rest exactly", () => {
  const csv = 'id,name\n1,"a\nb"\n2,c\n\n3,"d"\n4,e';
  test.each<[string, (path: string) => FileSource<unknown>, string]>([
    ["text", (path) => textFileSource(path), "ä\nb\r\n\nlast"],
    ["CSV", (path) => csvFileSource(path), csv],
    ["JSON lines", (path) => jsonLinesFileSource(path), '1\n\n[2]\n"three"\n'],
  ])("%s", async (_, make, content) => {
    const paths = [file("1", content), file("2", content)];
    const expected = (await Promise.all(paths.map((path) => read(make(path))))).flat();
    const pattern = join(folder, "?");
    for (let cut = 0; cut <= expected.length; cut += 1) {
      const first = new SourceHarness<unknown, FileSplit, unknown>(make(pattern) as never);
      while (first.output[0]!.length < cut) {
        if (first.poll() === "nothing") await new Promise((resolve) => setImmediate(resolve));
      }
      const snapshot = first.snapshot(1);
      first.close();
      const second = new SourceHarness<unknown, FileSplit, unknown>(make(pattern) as never, {}, snapshot);
      await second.drainAsync();
      expect([...first.take(), ...second.take()]).toEqual(expected);
    }
  });

  test("a file that has become shorter is refused", async () => {
    const path = file("t", "one\ntwo\nthree\n");
    const first = new SourceHarness<string, FileSplit, unknown>(textFileSource(path) as never);
    while (first.output[0]!.length < 2) {
      if (first.poll() === "nothing") await new Promise((resolve) => setImmediate(resolve));
    }
    const snapshot = first.snapshot(1);
    first.close();
    truncateSync(path, 3);
    const second = new SourceHarness<string, FileSplit, unknown>(textFileSource(path) as never, {}, snapshot);
    await expect(second.drainAsync()).rejects.toMatchObject({ code: "RESTORE_MISMATCH" });
    second.close();
  });
});
