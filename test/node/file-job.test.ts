import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StreamExecutionEnvironment, WatermarkStrategy } from "tamias";
import { csvFileSource, jsonLinesFileSink, textFileSource } from "tamias/node";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tamias-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a job reads files and writes files, at any parallelism", async () => {
  for (let i = 1; i <= 3; i += 1) writeFileSync(join(folder, `${i}.csv`), `id,n\n${i},${i * 10}\n${i},"${i * 100}"\n`);
  for (const parallelism of [1, 3]) {
    const out = join(folder, `out-of-${parallelism}`);
    const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism });
    const source = csvFileSource(join(folder, "*.csv"), { parse: ({ id, n }) => ({ id: id!, n: Number(n) }) });
    env
      .fromSource(source, WatermarkStrategy.forMonotonousTimestamps<{ id: string; n: number }>().withTimestampAssigner(({ n }) => n), "csv")
      .keyBy((row) => row.id)
      .sum("n")
      .sinkTo(jsonLinesFileSink(`${out}.jsonl`));
    await env.execute();
    const parts = readdirSync(folder).filter((name) => name.startsWith(`out-of-${parallelism}`));
    expect(parts).toHaveLength(parallelism);
    const lines = parts.flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1));
    const sums = lines.map((line) => (JSON.parse(line) as { n: number }).n).sort((a, b) => a - b);
    expect(sums).toEqual([10, 20, 30, 110, 220, 330]);
  }
});

test("a file that is missing fails the job with what to do", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.fromSource(textFileSource(join(folder, "missing.txt")), WatermarkStrategy.noWatermarks<string>(), "lines").print();
  await expect(env.execute()).rejects.toThrow("give the path of a file, of a folder, or a pattern");
});

test("a cancel in the middle leaves whole lines", async () => {
  const path = join(folder, "endless.jsonl");
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const cancel = new AbortController();
  let count = 0;
  env
    .fromSequence(1, Number.MAX_SAFE_INTEGER)
    .map((n) => {
      count += 1;
      if (count === 30_000) cancel.abort();
      return { n, text: "x".repeat(n % 50) };
    })
    .sinkTo(jsonLinesFileSink(path));
  const client = await env.executeAsync("endless", { signal: cancel.signal });
  await expect(client.result()).rejects.toThrow("JOB_CANCELED");
  const lines = readFileSync(path, "utf8").split("\n");
  expect(lines.pop()).toBe("");
  expect(lines.map((line) => (JSON.parse(line) as { n: number }).n)).toEqual(lines.map((_, i) => i + 1));
  expect(lines.length).toBeGreaterThanOrEqual(29_999);
});
