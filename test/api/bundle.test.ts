import { build } from "esbuild";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/type-check.ts";

/** The files of core/data whose names begin with `expression` and that a bundle of this program contains something of. */
async function expressionFilesIn(program: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: program, resolveDir: ROOT, loader: "ts" },
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return inputs.filter(([path, { bytesInOutput }]) => path.startsWith("core/data/expression") && 0 < bytesInOutput).map(([path]) => path.slice("core/data/".length));
}

const job = (filter: string): string => `
  import { StreamExecutionEnvironment, TumblingEventTimeWindows, WatermarkStrategy, columnsOf, count, minutes } from "./core/index.ts";
  const byTime = WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((record) => record.time);
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const records = env.fromElements({ room: "hall", time: 0 }).assignTimestampsAndWatermarks(byTime).filter(${filter});
  records.keyBy("room").window(TumblingEventTimeWindows.of(minutes(1))).aggregate({ records: count() }).print();
  await env.execute();
`;

test("a job without expressions contains only what recognises them; one with them, what compiles them", async () => {
  expect(await expressionFilesIn(job("(record) => 0 <= record.time"))).toEqual(["expression-compiler.ts"]);
  expect(await expressionFilesIn(job('columnsOf()("time").ge(0)'))).toContain("expression-columns.ts");
});
