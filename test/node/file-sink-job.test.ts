import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { decodeRecord } from "../../core/checkpoint/record.ts";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { Sink } from "../../core/connectors/sink.ts";
import { Prng } from "../../core/lib/prng.ts";
import { mapFactory } from "../../core/operators/function-factories.ts";
import type { RestorePoint } from "../../core/runtime/local-job.ts";
import { CheckpointDriver } from "../../core/testing/checkpoint-driver.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { FileSink } from "../../node/files/file-sink.ts";
import { jsonLinesEncoding } from "../../node/files/json-lines-sink.ts";
import { expectedSums, systemFailure, World } from "../checkpoint/sums-job.ts";
import { finishJob, startJob } from "../runtime/running-jobs.ts";
import { GraphWriter } from "../runtime/stream-graphs.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tamias-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const ALL = Array.from({ length: 120 }, (_none, index) => index);

function graphOf(out: string, parallelism: number) {
  const writer = new GraphWriter();
  const source = writer.source(new SequenceSource(0, ALL.length - 1) as never, WatermarkStrategy.noWatermarks<unknown>(), 2);
  const map = writer.operator("map", mapFactory({ map: (n: number) => n }), source, { parallelism, partitioner: { kind: "rebalance" } });
  const sink = FileSink.forRowFormat<unknown>(out, jsonLinesEncoding(), { maxPartBytes: 30 }).build();
  writer.operator("sink", sinkFactory(sink), map, { parallelism });
  return writer.graph();
}

function records(out: string): number[] {
  const names = readdirSync(out).filter((name) => !name.startsWith("."));
  return names.flatMap((name) => readFileSync(join(out, name), "utf8").trimEnd().split("\n").map(Number)).sort((a, b) => a - b);
}

test("a job that dies and goes on at another parallelism, again and again, writes each record once and leaves nothing else", () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = new Prng(seed);
    const out = join(folder, String(seed));
    let restore: RestorePoint | undefined;
    let driver: CheckpointDriver | undefined;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const run = startJob(graphOf(out, 1 + random.int(4)), { seed: seed * 100 + attempt, turnRecordsMax: 3, ...(restore === undefined ? {} : { restore }) });
      driver = new CheckpointDriver(run.job, driver === undefined ? {} : { parts: driver.parts, firstId: driver.nextId });
      // The first checkpoint completes: of a writer that dies before it nobody knows anything.
      for (let steps = 0, last = 20 + random.int(250); steps < last || (restore === undefined && driver.completedCount === 0); steps += 1) {
        if (!driver.isPending && random.int(12) === 0 && run.outcomes.length === 0) driver.begin();
        run.host.step();
      }
      if (run.outcomes.length !== 0) break;
      // Killed: nothing is closed.
      restore = driver.latest() ?? restore;
    }
    if (records(out).length < ALL.length) finishJob(startJob(graphOf(out, 2), { seed, restore: restore! }));
    expect(records(out), `seed ${seed}`).toEqual(ALL);
    expect(readdirSync(out).filter((name) => name.startsWith(".")), `seed ${seed}`).toEqual([]);
  }
});

const RECORDS = 10_000;

/** How many records of a kind its coordinators have stored. */
function stored(world: World, kind: "checkpoint" | "end"): number {
  return [...world.disk.objects].filter(([name, bytes]) => name.includes("/records/") && decodeRecord(bytes).kind === kind).length;
}

test("a job that fails, and whose process is killed, goes on from what its coordinator has stored, and writes each record once", () => {
  let goneOn = 0;
  for (let seed = 1; seed <= 15; seed += 1) {
    const random = new Prng(seed);
    const out = join(folder, `own ${seed}`);
    const world = new World(seed);
    let failures = 2;
    const job = () => ({
      records: RECORDS,
      sink: FileSink.forRowFormat<number>(out, jsonLinesEncoding()).build() as unknown as Sink<number>,
      onRecord: () => {
        if (failures === 0 || random.int(RECORDS) !== 0) return;
        failures -= 1;
        throw systemFailure();
      },
    });
    for (let end = 0; end < 3; end += 1) {
      const client = world.submit(job());
      const isOver = (): boolean => !["CREATED", "RUNNING"].includes(client.getJobStatus());
      if (end !== 0) world.runUntil(() => 0 < stored(world, "checkpoint") || isOver());
      let steps = random.int(1_000);
      world.runUntil(() => (steps -= 1) < 0 || isOver());
      if (0 < stored(world, "end")) break;
      if (0 < stored(world, "checkpoint")) goneOn += 1;
      world.restart(random.uint32());
    }
    if (stored(world, "end") === 0) expect([seed, world.runToEnd(world.submit(job()))]).toEqual([seed, "FINISHED"]);
    expect(records(out).map(String).sort(), `seed ${seed}`).toEqual(expectedSums(RECORDS));
  }
  expect(goneOn).toBeGreaterThan(15);
});
