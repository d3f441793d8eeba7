import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { JobError, KeyedProcessFunction, type KeyedProcessContext, type Sink, StreamExecutionEnvironment, types, ValueStateDescriptor, type ValueState } from "../../core/index.ts";
import type { CheckpointStatistics } from "../../core/api/executor.ts";
import { NODE_STORAGES } from "../../node/storages.ts";

// What checkpoints of a job cost, in place in Node, in files: [RECORDS=n] node bench/checkpoints/job-cost.ts [throughput|recovery|alignment]

/** 100 MB of state; one record in so many changes it: about 1 % of the keys a second. */
const SHAPES = [
  { entries: 100_000, valueBytes: 990, changesEvery: 26_000 },
  { entries: 1_000_000, valueBytes: 90, changesEvery: 2_600 },
] as const;
type Shape = (typeof SHAPES)[number];
/** Before anything is measured: the checkpoints that hold all of the state are complete by then. */
const RECORDS_BEFORE = 30_000_000;

StreamExecutionEnvironment.setStorages(NODE_STORAGES);

class Keep extends KeyedProcessFunction<number, number, number> {
  #value: ValueState<string> | undefined;
  readonly #bytes: number;

  constructor(bytes: number) {
    super();
    this.#bytes = bytes;
  }

  override open(): void {
    this.#value = this.getRuntimeContext().getState(new ValueStateDescriptor("value", types.string));
  }

  override processElement(n: number, _context: KeyedProcessContext<number>): void {
    this.#value!.update(String(n).padEnd(this.#bytes, "."));
  }
}

interface Run {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly checkpoints: readonly CheckpointStatistics[];
}

/** Fills the state, then takes so many records, of which few change it. */
async function throughput({ entries, valueBytes, changesEvery }: Shape, records: number, intervalMs: number | undefined): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "tamias-checkpoints-"));
  const env = StreamExecutionEnvironment.getExecutionEnvironment({ "execution.checkpointing.dir": `file:${folder}`, "execution.checkpointing.interval": intervalMs });
  let began = { cpu: process.cpuUsage(), wall: 0 };
  let seed = 1;
  env
    .fromSequence(0, RECORDS_BEFORE + records - 1)
    .map((n) => {
      if (n === RECORDS_BEFORE) began = { cpu: process.cpuUsage(), wall: performance.now() };
      return n;
    })
    .filter((n) => n < entries || n % changesEvery === 0)
    .map((n) => {
      if (n < entries) return n;
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed % entries;
    })
    .keyBy((n) => n)
    .process(new Keep(valueBytes))
    .print();
  const client = await env.executeAsync("throughput");
  const checkpoints = new Map<number, CheckpointStatistics>();
  const watch = setInterval(() => {
    const last = client.checkpoints()?.last;
    if (last !== undefined && began.wall !== 0) checkpoints.set(last.checkpointId, last);
  }, 50);
  await client.result();
  clearInterval(watch);
  const { user, system } = process.cpuUsage(began.cpu);
  rmSync(folder, { recursive: true, force: true });
  return { cpuMs: (user + system) / 1e3, wallMs: performance.now() - began.wall, checkpoints: [...checkpoints.values()].slice(1, -1) };
}

/** From a failure to the first record that is processed again. */
async function recovery(entries: number, bytes: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "tamias-checkpoints-"));
  const env = StreamExecutionEnvironment.getExecutionEnvironment({
    "execution.checkpointing.dir": `file:${folder}`,
    "execution.checkpointing.interval": 200,
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.delay": 0,
  });
  const state = { failedAt: 0, recoveredMs: 0, isFailing: false };
  env
    .fromSequence(0, 1e12)
    .map((n) => {
      if (state.isFailing && state.failedAt === 0) {
        state.failedAt = performance.now();
        throw new JobError("SOURCE_FAILED", "the bench ends this attempt");
      }
      if (state.failedAt !== 0 && state.recoveredMs === 0) state.recoveredMs = performance.now() - state.failedAt;
      return n;
    })
    .filter((n) => n < entries)
    .keyBy((n) => n)
    .process(new Keep(bytes))
    .print();
  const client = await env.executeAsync("recovery");
  const report = (): CheckpointStatistics | undefined => client.checkpoints()?.last;
  await until(() => entries * bytes <= (report()?.stateBytes ?? 0));
  state.isFailing = true;
  await until(() => state.recoveredMs !== 0);
  await client.cancel();
  await client.result().catch(() => {});
  rmSync(folder, { recursive: true, force: true });
  return state.recoveredMs;
}

/** How long checkpoints take, and their barriers are waited for, before a sink that is so much slower than the rest. */
async function alignment(slowness: number): Promise<readonly CheckpointStatistics[]> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism: 2, "execution.checkpointing.interval": 100 });
  env
    .fromSequence(0, 1e12)
    .keyBy((n) => n % 1_000)
    .map((n) => n)
    .disableChaining()
    .sinkTo(slowSink(slowness));
  const client = await env.executeAsync("alignment");
  const checkpoints = new Map<number, CheckpointStatistics>();
  await until(() => {
    const last = client.checkpoints()?.last;
    if (last !== undefined) checkpoints.set(last.checkpointId, last);
    return 20 <= checkpoints.size;
  });
  await client.cancel();
  await client.result().catch(() => {});
  return [...checkpoints.values()];
}

/** Spins for as many times the 100 ns that a record costs elsewhere. */
function slowSink(slowness: number): Sink<number> {
  const spinMs = slowness * 1e-4;
  return {
    describe: () => "slow",
    createWriter: () => ({
      write() {
        for (const end = performance.now() + spinMs; performance.now() < end; );
      },
      flush() {},
      close() {},
    }),
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function line(name: string, numbers: readonly number[], unit: string): string {
  return `${name.padEnd(34)} median ${quantile(numbers, 0.5).toFixed(1)} ${unit}, most ${quantile(numbers, 1).toFixed(1)} ${unit}`;
}

async function compareThroughput(shape: Shape, records: number): Promise<void> {
  const without = await throughput(shape, records, undefined);
  const runs = await throughput(shape, records, 1_000);
  console.log(`${shape.entries} entries of ${shape.valueBytes} B: ${(records / without.wallMs / 1e3).toFixed(2)} M records/s without checkpoints, ${(records / runs.wallMs / 1e3).toFixed(2)} with one a second; CPU time x ${(runs.cpuMs / without.cpuMs).toFixed(3)}`);
  console.log(line("  written", runs.checkpoints.map(({ writtenBytes }) => writtenBytes / 1e6), "MB"));
  console.log(line("  of state", runs.checkpoints.map(({ stateBytes }) => stateBytes / 1e6), "MB"));
  console.log(line("  synchronous part", runs.checkpoints.map(({ syncMs }) => syncMs), "ms"));
  console.log(line("  until durable", runs.checkpoints.map(({ durationMs }) => durationMs), "ms"));
}

async function main([only]: readonly string[]): Promise<void> {
  const wants = (name: string): boolean => only === undefined || only === name;
  if (wants("throughput")) {
    const records = Number(process.env["RECORDS"] ?? 600_000_000);
    for (const shape of SHAPES) await compareThroughput(shape, records);
  }
  if (wants("recovery")) {
    for (const { entries, valueBytes: bytes } of SHAPES) {
      const times: number[] = [];
      for (let run = 0; run < 3; run += 1) times.push(await recovery(entries, bytes));
      console.log(line(`recovery, ${entries} entries of ${bytes} B`, times, "ms"));
    }
  }
  if (wants("alignment")) {
    for (const slowness of [1, 100]) {
      const checkpoints = await alignment(slowness);
      console.log(line(`alignment, sink ${slowness} x slower`, checkpoints.map(({ alignmentMs }) => alignmentMs), "ms"));
      console.log(line("  until durable", checkpoints.map(({ durationMs }) => durationMs), "ms"));
    }
  }
}

await main(process.argv.slice(2));
