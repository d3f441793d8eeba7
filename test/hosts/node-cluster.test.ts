import { afterEach, describe, expect, test } from "vitest";
import type { ClusterJobClient, JobReport } from "../../core/api/executor.ts";
import type { JobArgs } from "../../core/api/job-module.ts";
import type * as NodePackage from "../../node/index.ts";
import { DIST } from "../../scripts/built-package.ts";

/** Real threads run the built package, whose classes are those that job modules import. */
const { NodeCluster } = (await import(`${DIST}/node/index.js`)) as typeof NodePackage;
const jobUrl = (name: string): URL => new URL(`jobs/${name}.ts`, import.meta.url);

const clusters: NodePackage.NodeCluster[] = [];
/** A machine that does much besides must not pass for one that does not answer, but where a test is about that. */
function cluster(options: NodePackage.NodeClusterOptions): NodePackage.NodeCluster {
  const made = new NodeCluster({ heartbeatTimeoutMs: 30_000, ...options });
  clusters.push(made);
  return made;
}
afterEach(() => {
  for (const made of clusters.splice(0)) made.close();
});

async function taken(job: ClusterJobClient, name: string): Promise<string[]> {
  const rows: string[] = [];
  for await (const batch of job.results<unknown>(name)) rows.push(...batch.map((row) => JSON.stringify(row)));
  return rows.sort();
}

describe("a cluster of threads", () => {
  const expected = (async () => taken(await cluster({ threads: 1 }).submit(jobUrl("windows")), "totals"))();

  test.each([
    [2, "shared-memory"],
    [2, "message"],
    [4, "shared-memory"],
    [4, "message"],
  ] as const)("of %i gives what one gives, by %s", async (threads, transport) => {
    const job = await cluster({ threads, transport }).submit(jobUrl("windows"));
    expect(job.plan.vertices.map(({ parallelism }) => parallelism)).toContain(threads);
    expect(await taken(job, "totals")).toEqual(await expected);
    const result = await job.result();
    expect(result.getAccumulatorResult("read")).toBe(5_000);
    expect(result.jobName).toBe("windows.ts");
    const report = await lastReport(job);
    expect(report.subtasks.every(({ state }) => state === "FINISHED")).toBe(true);
    const windows = report.metrics.filter(({ operator }) => operator === "totals");
    expect(windows).toHaveLength(threads);
    for (const { metrics } of windows) expect(metrics.recordsIn).toBeGreaterThan(0);
  });

  test("runs one job after the other, and two at a time where there are slots", async () => {
    const two = cluster({ threads: 2, slots: 2 });
    const jobs = await Promise.all([two.submit(jobUrl("windows"), {}, { parallelism: 2 }), two.submit(jobUrl("windows"), {}, { parallelism: 2 })]);
    for (const job of jobs) expect(await taken(job, "totals")).toEqual(await expected);
    expect(await taken(await two.submit(jobUrl("windows")), "totals")).toEqual(await expected);
  });

  test("explains the job as its threads run it", async () => {
    const job = await cluster({ threads: 2 }).submit(jobUrl("endless"));
    expect(await job.explain()).toContain("keep");
    await job.cancel();
    expect(job.getJobStatus()).toBe("CANCELED");
    await expect(job.result()).rejects.toThrow("[JOB_CANCELED]");
  });

  test("takes pushed records, and finishes when it is stopped", async () => {
    const job = await cluster({ threads: 2 }).submit(jobUrl("endless"));
    const doubled = taken(job, "doubled");
    await job.push("pushed", Array.from({ length: 3_000 }, (_, n) => n));
    await job.stop();
    expect((await doubled).map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 3_000 }, (_, n) => n * 2));
    expect(job.getJobStatus()).toBe("FINISHED");
    await expect(job.push("pushed", [1])).rejects.toThrow("[JOB_ENDED]");
  });

  test("pauses and goes on", async () => {
    const job = await cluster({ threads: 2 }).submit(jobUrl("endless"));
    job.throttle(0);
    let before = -1;
    for await (const { metrics } of job.reports({ everyMs: 5 })) {
      const read = metrics.filter(({ operator }) => operator === "numbers").reduce((sum, row) => sum + row.metrics.recordsOut, 0);
      if (read === before) break;
      before = read;
    }
    job.throttle(Infinity);
    for await (const { metrics } of job.reports({ everyMs: 5 })) {
      if (before + 10_000 < metrics.filter(({ operator }) => operator === "numbers").reduce((sum, row) => sum + row.metrics.recordsOut, 0)) break;
    }
    await job.cancel();
  });

  test("reads nothing before it may, and nothing where it is stopped at once", async () => {
    const job = await cluster({ threads: 2 }).submit(jobUrl("endless"));
    job.throttle(0);
    let reports = 0;
    for await (const { status, metrics } of job.reports({ everyMs: 5 })) {
      expect(metrics.filter((row) => row.operator === "numbers" && 0 < row.metrics.recordsOut)).toEqual([]);
      reports += status === "RUNNING" ? 1 : 0;
      if (reports === 10) break;
    }
    await job.cancel();
    const stopped = await cluster({ threads: 2 }).submit(jobUrl("endless"));
    await stopped.stop();
    expect(stopped.getJobStatus()).toBe("FINISHED");
  });

  test("serves a job function that ends with execute", async () => {
    const job = await cluster({ threads: 2 }).submit(jobUrl("flink-main"), { factor: 10 });
    expect(await taken(job, "products")).toEqual(["10", "20", "30"]);
    expect((await job.result()).jobName).toBe("products");
  });
});

async function lastReport(job: ClusterJobClient): Promise<JobReport> {
  for await (const report of job.reports()) return report;
  throw new Error("a job that has ended reports once");
}

describe("what goes wrong in a cluster of threads", () => {
  test.each<[string, JobArgs, RegExp]>([
    ["endless", { trouble: "throw" }, /\[USER_FUNCTION_FAILED\] RangeError: 500 is too much\n {2}at operator "keep", subtask \d\/2, record 500/],
    ["endless", { trouble: "spin" }, /\[TASK_MANAGER_LOST\] task manager \d is lost: it has not answered for \d+ ms; it ran .*"keep/],
    ["endless", { trouble: "exit" }, /\[TASK_MANAGER_LOST\] task manager \d is lost: its thread ended with exit code 3; it ran .*"keep/],
  ])("fails the job %s %j with what it was, and serves the next one", async (name, args, message) => {
    const two = cluster({ threads: 2, ...(args["trouble"] === "spin" ? { heartbeatTimeoutMs: 600 } : {}) });
    const job = await two.submit(jobUrl(name), args);
    const pending = [job.push("pushed", [1]).catch(String), job.accumulators().then(() => "settled"), taken(job, "nothing").catch(String)];
    await expect(job.result()).rejects.toThrow(message);
    expect(job.getJobStatus()).toBe("FAILED");
    // Nothing is left pending.
    await Promise.all(pending);
    expect((await taken(await two.submit(jobUrl("windows"), { records: 100 }), "totals")).length).toBe(16);
  });

  test.each<[string, RegExp]>([
    ["different", /\[GRAPH_MISMATCH\] the job builds another graph here than at its job master: name of operator "made by/],
  ])("fails the job %s, whose threads build different graphs", async (name, message) => {
    const job = await cluster({ threads: 2 }).submit(jobUrl(name));
    await expect(job.result()).rejects.toThrow(message);
  });

  test.each<[string, RegExp]>([
    ["script", /\[JOB_MODULE_INVALID\] .*script\.ts runs its job while it is imported[\s\S]*\+ export function job\(env/],
    ["nowhere", /\[JOB_MODULE_INVALID\] .*nowhere\.ts could not be imported/],
    ["throws-null", /\[JOB_MODULE_INVALID\] .*throws-null\.ts could not be imported: null$/],
    ["broken", /\[JOB_MODULE_INVALID\] file:.*broken\.ts could not be imported: TypeError: .*undefined.*\n {2}at file:.*\/broken\.ts:4:\d+$/],
  ])("refuses the module %s", async (name, message) => {
    await expect(cluster({ threads: 2 }).submit(jobUrl(name))).rejects.toThrow(message);
  });

  test("refuses a module that runs its job, however often it is submitted", async () => {
    const two = cluster({ threads: 2 });
    for (let time = 0; time < 2; time += 1) await expect(two.submit(jobUrl("script"))).rejects.toThrow("runs its job while it is imported");
  });

  test.each<[string, RegExp]>([
    ["never built", /\[JOB_MASTER_LOST\] .* the job was not built within 4000 ms/],
    ["spins while it is built", /\[JOB_MASTER_LOST\] .* the job was not built within 4000 ms/],
    ["environment of its own", /\[JOB_MODULE_INVALID\] the job function executes an environment of its own/],
  ])("refuses a job that is %s, while another runs", async (fault, message) => {
    const two = cluster({ threads: 2, slots: 2, deployTimeoutMs: 4_000 });
    const other = await two.submit(jobUrl("endless"), {}, { parallelism: 1 });
    await other.push("pushed", [1]);
    await expect(two.submit(jobUrl("faulty"), { fault })).rejects.toThrow(message);
    expect(other.getJobStatus()).toBe("RUNNING");
    await other.cancel();
  });

  test.each<[string, RegExp]>([
    ["throws", /\[JOB_MODULE_INVALID\] the job function of file:.*faulty\.ts threw RangeError: no such region\n {2}at file:.*\/faulty\.ts:85:\d+$/],
    ["misuse", /\[INVALID_ARGUMENT\] fromElements needs at least one element.*\n {2}at file:.*\/faulty\.ts:86:\d+$/],
  ])("refuses a job function that %s, with the line", async (fault, message) => {
    await expect(cluster({ threads: 2 }).submit(jobUrl("faulty"), { fault })).rejects.toThrow(message);
  });

  test("fails a job that cannot be closed", async () => {
    const job = await cluster({ threads: 2 }).submit(jobUrl("faulty"), { fault: "close" });
    await taken(job, "numbers").catch(() => {});
    await expect(job.result()).rejects.toThrow("it cannot be closed");
  });

  test("merges accumulators of the user's own across threads, or says why it cannot", async () => {
    const two = cluster({ threads: 2 });
    for (const accumulator of ["counter", "travelling"]) {
      const job = await two.submit(jobUrl("faulty"), { accumulator });
      await taken(job, "numbers");
      expect((await job.result()).getAccumulatorResult("sum")).toBe(55);
    }
    const secretive = await two.submit(jobUrl("faulty"), { accumulator: "secretive" });
    await taken(secretive, "numbers").catch(() => {});
    await expect(secretive.result()).rejects.toThrow(/\[USER_FUNCTION_FAILED\] accumulator "sum" cannot be merged .* give its class toData\(\) and mergeData\(data\)/);
  });

  test("waits for no thread that spins while it is deployed when the job is canceled", async () => {
    const two = cluster({ threads: 2, heartbeatTimeoutMs: 2_000 });
    const channel = new BroadcastChannel("spins while it is deployed");
    const spins = new Promise<void>((resolve) => {
      channel.onmessage = () => resolve();
    });
    const job = await two.submit(jobUrl("faulty"), { fault: "spins while it is deployed", name: channel.name });
    await spins;
    channel.close();
    await job.cancel();
    await expect(job.result()).rejects.toThrow("[JOB_CANCELED]");
    expect(await taken(await two.submit(jobUrl("faulty")), "numbers")).toHaveLength(10);
  });

  test("settles everything of a job that is canceled before its threads have begun", async () => {
    const two = cluster({ threads: 2 });
    const job = await two.submit(jobUrl("endless"));
    const pending = [taken(job, "nothing"), job.push("pushed", [1]).catch(String)];
    await job.cancel();
    await Promise.all(pending);
    const abort = new AbortController();
    const aborted = two.submit(jobUrl("endless"), {}, { signal: abort.signal });
    abort.abort(new Error("not wanted"));
    await expect(aborted).rejects.toThrow("[JOB_CANCELED]");
  });

  test("refuses arguments, names and rates that mean nothing", async () => {
    const two = cluster({ threads: 2 });
    await expect(two.submit(jobUrl("endless"), { f: (() => 1) as never })).rejects.toThrow("[INVALID_ARGUMENT] the arguments of a job are plain data");
    const job = await two.submit(jobUrl("endless"));
    await expect(job.push("pusht", [1])).rejects.toThrow('the job has no PushSource "pusht": did you mean "pushed"?');
    expect(() => job.results("everything")).toThrow('the job has no collectSink "everything": it has "nothing", "doubled"');
    expect(() => job.throttle(Number.NaN)).toThrow("throttle takes records a second");
    expect(() => job.reports({ everyMs: 0 })).toThrow("everyMs must be a time in ms greater than zero");
    await job.cancel();
  });

  test("refuses a job that needs more slots than there are", async () => {
    const job = cluster({ threads: 2 }).submit(jobUrl("windows"), {}, { parallelism: 3 });
    await expect(job).rejects.toThrow("[NO_SLOTS] the job needs 3 slots, as many as its highest parallelism, and the cluster has 2 task managers with 1 slot each");
  });

  test("fails what runs when it is closed, and takes nothing more", async () => {
    const two = cluster({ threads: 2 });
    const job = await two.submit(jobUrl("endless"));
    two.close();
    await expect(job.result()).rejects.toThrow("[CLUSTER_CLOSED]");
    await expect(two.submit(jobUrl("windows"))).rejects.toThrow("[CLUSTER_CLOSED]");
  });

  test.each<[string, unknown, RegExp]>([
    ["a function", (): void => {}, /but got a function, which cannot go to other threads: export it as job from a module/],
    ["nothing", undefined, /but got undefined$/],
    ["an empty path", "", /but got ""$/],
    ["half an address", "http:", /but got "http:"$/],
    ["a module", { job(): void {} }, /but got an imported module$/],
  ])("refuses %s for a job", async (_what, job, message) => {
    const submitted = cluster({ threads: 2 }).submit(job as URL);
    await expect(submitted).rejects.toThrow('[INVALID_ARGUMENT] submit takes the address of the job\'s module, as in cluster.submit(new URL("./job.ts", import.meta.url))');
    await expect(submitted).rejects.toThrow(message);
  });

  test("refuses options that do not exist", () => {
    expect(() => cluster({ treads: 2 } as never)).toThrow('NodeCluster has no option "treads": did you mean "threads"?');
    expect(() => cluster({ concurrency: 2 } as never)).toThrow("it has threads, slots, transport, heartbeatTimeoutMs, deployTimeoutMs");
    expect(() => cluster({ threads: 0 })).toThrow("threads must be a whole number greater than zero, but is 0");
  });
});
