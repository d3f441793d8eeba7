import { expect, test } from "vitest";
import { collectSink, PushSource, StreamExecutionEnvironment as Public, WatermarkStrategy } from "tamias";
import { LocalExecutor, SimulatedCluster, SimulatedHost, type SimulatedJob } from "../../core/testing/index.ts";
import { localLines } from "../../core/runtime/job-parts.ts";

/** What a program is told of a job that waits for nobody, or that fails while nobody looks. */

const UNREAD =
  'waits for whoever reads its results "evens", "odds", and nobody does. Read them while it runs: ' +
  'for await (const batch of client.results("evens")) { … } and for await (const batch of client.results("odds")) { … }';

const endless: SimulatedJob = (env) => {
  const numbers = env.fromSequence(1, 2 ** 50);
  numbers.filter((n) => n % 2 === 0).sinkTo(collectSink("evens"));
  numbers.filter((n) => n % 2 === 1).sinkTo(collectSink("odds"));
};

const failing: SimulatedJob = (env) => {
  env.fromElements(1).map((): number => {
    throw new Error("a bug of the job");
  }).sinkTo(collectSink("numbers"));
};

/** Lets promises that have settled be seen; nothing of the engine runs meanwhile. */
async function turn(): Promise<void> {
  for (let count = 0; count < 20; count += 1) await Promise.resolve();
}

async function inPlace(write: SimulatedJob, name: string) {
  await localLines.load();
  const host = new SimulatedHost({ seed: 1 });
  const env = Public.getExecutionEnvironment();
  write(env, {});
  const client = new LocalExecutor({ host }).submit(env.getStreamGraph(name));
  await turn();
  return { host, client };
}

test("a job in place whose results nobody reads says so, once", async () => {
  const { host, client } = await inPlace(endless, "split");
  host.runUntilIdle();
  expect(host.warned).toEqual([`Tamias: the job "split" ${UNREAD}`]);
  expect(host.clock.now()).toBe(5_000);
  for (const name of ["evens", "odds"]) void client.results(name).next();
  await turn();
  host.runUntilIdle(10_000);
  void client.cancel();
  host.runUntilIdle();
  expect(host.warned).toHaveLength(1);
});

test("so does a job of a cluster; one whose results are read does not", async () => {
  const cluster = new SimulatedCluster({ seed: 1 });
  const job = cluster.submit(endless);
  cluster.runUntil(() => 0 < cluster.host.warned.length);
  expect(cluster.host.warned[0]).toContain(UNREAD);
  void job.cancel();
  cluster.runUntil(() => job.getJobStatus() === "CANCELED");

  const read = cluster.submit((env) => void env.fromSource(new PushSource("numbers"), WatermarkStrategy.noWatermarks(), "numbers").sinkTo(collectSink("same")));
  // Whoever stops early wants no more of them.
  void read.results("same").return?.();
  void read.push("numbers", [1, 2]);
  const end = cluster.host.clock.now() + 5_100;
  cluster.runUntil(() => end <= cluster.host.clock.now());
  expect(read.getJobStatus()).toBe("RUNNING");
  expect(cluster.host.warned).toHaveLength(1);
  cluster.close();
});

test("a failure that nobody asks for is told", async () => {
  const { host } = await inPlace(failing, "faulty");
  host.runUntilIdle();
  expect(host.warned).toEqual([
    'Tamias: the job "faulty" has failed, and nothing awaits its result(): [USER_FUNCTION_FAILED] Error: a bug of the job\n' +
      '  at operator "Map", subtask 1/1, record 1',
  ]);
  const cluster = new SimulatedCluster({ seed: 1 });
  cluster.submit(failing);
  cluster.runUntil(() => 0 < cluster.host.warned.length);
  expect(cluster.host.warned[0]).toContain("a bug of the job");
  cluster.close();
});

test.each<[string, (client: Awaited<ReturnType<typeof inPlace>>["client"]) => Promise<unknown>]>([
  ["result()", (client) => client.result()],
  ["results()", (client) => client.results("numbers").next()],
])("a failure that %s rejects with is told by that alone", async (_asked, ask) => {
  const { host, client } = await inPlace(failing, "faulty");
  const asked = ask(client);
  await turn();
  host.runUntilIdle();
  await expect(asked).rejects.toThrow("a bug of the job");
  expect(host.warned).toEqual([]);
});

test.each<[string, (client: ReturnType<SimulatedCluster["submit"]>) => unknown]>([
  ["result()", (client) => client.result().catch(String)],
  ["results()", (client) => client.results("numbers").next().catch(String)],
  ["reports()", (client) => client.reports().next()],
])("so it is in a cluster, by %s", (_asked, ask) => {
  const cluster = new SimulatedCluster({ seed: 1 });
  const client = cluster.submit(failing);
  ask(client);
  cluster.runUntil(() => client.getJobStatus() === "FAILED");
  cluster.host.runUntilIdle();
  expect(cluster.host.warned).toEqual([]);
  cluster.close();
});

test("whoever closes a cluster is told of a job that ran and that nobody has asked about", () => {
  const cluster = new SimulatedCluster({ seed: 1 });
  const job = cluster.submit((env) => void env.fromSource(new PushSource("numbers"), WatermarkStrategy.noWatermarks(), "numbers").print());
  cluster.runUntil(() => job.getJobStatus() === "RUNNING");
  cluster.close();
  cluster.host.runUntilIdle();
  expect(cluster.host.warned).toEqual([expect.stringMatching(/has failed, and nothing awaits its result\(\): \[CLUSTER_CLOSED\]/)]);
});
