/** The first job of a program loads what it needs, and nobody has loaded anything before: what a test with all parts cannot see. */
import { describe, expect, test, vi } from "vitest";
import * as preloaded from "../../core/index.ts";
import type { Host } from "../../core/host/host.ts";
import type { StreamGraph } from "../../core/graph/stream-graph.ts";
import * as preloadedExecutor from "../../core/runtime/local-executor.ts";
import type { RestorePoint } from "../../core/runtime/local-job.ts";
import { createLocalHost } from "../../core/local-host.ts";
import { CheckpointDriver } from "../../core/testing/checkpoint-driver.ts";
import { loadKernelModule } from "../../node/kernel-module.ts";
import { KINDS_OF_JOBS, type Tamias } from "./kinds-of-jobs.ts";
import { startJob } from "./running-jobs.ts";

const kernel = await loadKernelModule();
const KINDS = Object.keys(KINDS_OF_JOBS);

/** Modules as a program has them after its imports: those of parts are not among them. */
interface Modules {
  readonly tamias: Tamias;
  readonly LocalExecutor: typeof preloadedExecutor.LocalExecutor;
}

async function freshModules(): Promise<Modules> {
  vi.resetModules();
  const tamias = await import("../../core/index.ts");
  const { LocalExecutor } = await import("../../core/runtime/local-executor.ts");
  return { tamias, LocalExecutor };
}

const PRELOADED: Modules = { tamias: preloaded, LocalExecutor: preloadedExecutor.LocalExecutor };

interface Setting {
  readonly parallelism: 1 | 2;
  readonly runtimeMode: "STREAMING" | "BATCH";
  readonly hasKernelModule: boolean;
}

/** The clock stands, so that windows by the clock are the same each time. */
function hostOf({ hasKernelModule }: Setting): Host {
  return { ...createLocalHost("in-process", hasKernelModule ? kernel : undefined), clock: { now: () => 0 } };
}

function graphOf({ tamias }: Modules, kind: string, { parallelism, runtimeMode }: Setting, rows: string[]): StreamGraph {
  const env = tamias.StreamExecutionEnvironment.getExecutionEnvironment({ parallelism, runtimeMode: tamias.RuntimeExecutionMode[runtimeMode] });
  KINDS_OF_JOBS[kind]!(env, tamias).sinkTo(tamias.callbackSink((row) => void rows.push(JSON.stringify(row))));
  return env.getStreamGraph();
}

async function rowsOf(modules: Modules, kind: string, setting: Setting, restore?: RestorePoint): Promise<readonly string[]> {
  const rows: string[] = [];
  const executor = new modules.LocalExecutor({ host: hostOf(setting), ...(restore === undefined ? {} : { restore }) });
  await executor.submit(graphOf(modules, kind, setting, rows)).result();
  return rows.sort();
}

const SETTINGS: readonly Setting[] = [
  { parallelism: 1, runtimeMode: "STREAMING", hasKernelModule: false },
  { parallelism: 2, runtimeMode: "BATCH", hasKernelModule: true },
];

describe.each(SETTINGS)("alone in its program: $runtimeMode, parallelism $parallelism, kernel $hasKernelModule", (setting) => {
  test.each(KINDS)("%s", async (kind) => {
    expect(await rowsOf(await freshModules(), kind, setting)).toEqual(await rowsOf(PRELOADED, kind, setting));
  });
});

/** When the first record has been read. */
function checkpointOf(kind: string, setting: Setting): RestorePoint {
  const run = startJob(graphOf(PRELOADED, kind, setting, []), { turnRecordsMax: 1 });
  const hasRead = (): boolean => run.job.tasks.some((tasks) => tasks.some(({ chain }) => 0 < chain.links[0]!.context.metrics.recordsOut));
  while (!hasRead() && run.host.step());
  expect(run.outcomes).toEqual([]);
  const driver = new CheckpointDriver(run.job);
  driver.begin();
  while (driver.isPending && run.host.step());
  run.job.cancel();
  return driver.latest()!;
}

describe("restored, alone in its program", () => {
  test.each(KINDS)("%s", async (kind) => {
    for (const hasKernelModule of [false, true]) {
      const setting: Setting = { parallelism: 1, runtimeMode: "STREAMING", hasKernelModule };
      const restore = checkpointOf(kind, setting);
      expect(await rowsOf(await freshModules(), kind, setting, restore)).toEqual(await rowsOf(PRELOADED, kind, setting, restore));
    }
  });
});
