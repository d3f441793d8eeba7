import { describe, expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import { decodeRecord } from "../../core/checkpoint/record.ts";
import "../../core/testing/index.ts";
import type { Savepoint } from "../../core/api/executor.ts";
import { expectedSums, systemFailure, World } from "./sums-job.ts";

const RECORDS = 600;

function namesOf(world: World): string[] {
  return [...world.disk.objects.keys()].sort();
}

function hasEnded(world: World): boolean {
  return namesOf(world).some((name) => name.includes("/records/") && decodeRecord(world.disk.objects.get(name)!).kind === "end");
}

function completed(world: World): number {
  return namesOf(world).filter((name) => name.includes("/records/") && decodeRecord(world.disk.objects.get(name)!).kind === "checkpoint").length;
}

describe("a job that fails", () => {
  test("goes on from its last checkpoint, and all of it is there once", () => {
    const world = new World(1);
    let failures = 2;
    const client = world.submit({
      records: RECORDS,
      onRecord: (n) => {
        if (n % 250 !== 0 || failures === 0) return;
        failures -= 1;
        throw systemFailure();
      },
    });
    expect(world.runToEnd(client)).toBe("FINISHED");
    expect(failures).toBe(0);
    expect(world.rows).toEqual(expectedSums(RECORDS));
    expect(world.host.warned.filter((line) => line.includes("begins again"))).toHaveLength(2);
  });

  test("fails for good after as many attempts as its strategy allows, and where the user is to blame", () => {
    const world = new World(1);
    let failures = 0;
    const onRecord = (n: number): void => {
      if (n !== 100) return;
      failures += 1;
      throw systemFailure();
    };
    expect(world.runToEnd(world.submit({ records: RECORDS, onRecord }, { "restart-strategy.fixed-delay.attempts": 2 }))).toBe("FAILED");
    expect(failures).toBe(3);
    const other = new World(2);
    expect(other.runToEnd(other.submit({ records: RECORDS, onRecord: () => JSON.parse("{") as void }))).toBe("FAILED");
    expect(other.host.warned.filter((line) => line.includes("begins again"))).toEqual([]);
  });
});

test("whenever the process ends, the next one goes on, and all of it is there once", () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const world = new World(seed);
    const prng = new Prng(seed);
    let resumed = 0;
    for (let end = 0; end < 3; end += 1) {
      const client = world.submit({ records: RECORDS, });
      let steps = 100 + prng.int(2_500);
      world.runUntil(() => (steps -= 1) < 0 || !["CREATED", "RUNNING"].includes(client.getJobStatus()));
      // A job that had ended when its process did would begin once more.
      if (hasEnded(world)) break;
      resumed += completed(world);
      world.restart(prng.uint32());
    }
    if (!hasEnded(world)) expect([seed, world.runToEnd(world.submit({ records: RECORDS }))]).toEqual([seed, "FINISHED"]);
    expect([seed, ...world.rows]).toEqual([seed, ...expectedSums(RECORDS)]);
  }
});

describe("what stays of a job", () => {
  const retain = { "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION" } as const;
  const parts = (world: World): string[] => namesOf(world).filter((name) => name.includes("/parts/"));

  test("that has finished: nothing but that it has ended", () => {
    const world = new World(3);
    expect(world.runToEnd(world.submit({ records: RECORDS }, retain))).toBe("FINISHED");
    expect(namesOf(world)).toHaveLength(1);
    expect(decodeRecord(world.disk.objects.get(namesOf(world)[0]!)!).kind).toBe("end");
  });

  test("that was canceled: its last checkpoint, where that is asked for", () => {
    for (const [options, kept] of [[retain, 1], [{}, 0]] as const) {
      const world = new World(4);
      const client = world.submit({ records: 1e9 }, options);
      world.runUntil(() => 2 <= completed(world) || world.host.clock.now() > 200);
      void client.cancel();
      expect(world.runToEnd(client)).toBe("CANCELED");
      expect(completed(world)).toBe(kept);
      expect(parts(world)).toEqual([]);
    }
  });

  test("that has failed: as much as is asked for", () => {
    for (const [retention, kept] of [["DELETE_ON_CANCELLATION", 1], ["NO_EXTERNALIZED_CHECKPOINTS", 0]] as const) {
      const world = new World(5);
      const onRecord = (): void => {
        if (0 < completed(world)) throw systemFailure();
      };
      const client = world.submit({ records: 1e9, parallelism: 1, onRecord }, { "restart-strategy.type": "none", "execution.checkpointing.externalized-checkpoint-retention": retention });
      expect(world.runToEnd(client)).toBe("FAILED");
      expect(completed(world)).toBe(kept);
    }
  });
});

describe("a storage that fails", () => {
  test("fails checkpoints, and not the job", async () => {
    const world = new World(6);
    let failing = 0;
    world.fault = ({ kind, name }) => (kind === "putIfAbsent" && name.includes("records") && 1 < (failing += 1) && failing < 6 ? (failing % 2 === 0 ? "fails" : "in doubt") : "none");
    const client = world.submit({ records: 2_000 });
    world.runToEnd(client);
    await client.result();
    expect(world.rows).toEqual(expectedSums(2_000));
    expect(world.host.warned.filter((line) => line.includes("and the job goes on")).length).toBeGreaterThan(2);
  });

  test("fails the last checkpoint of a job, which is tried again until it is complete", () => {
    const world = new World(11);
    let failing = 0;
    world.fault = ({ kind, name }) => (kind === "putIfAbsent" && name.includes("records") && 1 < (failing += 1) && failing < 5 ? "fails" : "none");
    const client = world.submit({ records: RECORDS }, { "execution.checkpointing.interval": "1 h" });
    expect(world.runToEnd(client)).toBe("FINISHED");
    expect(world.rows).toEqual(expectedSums(RECORDS));
  });

  test("fails the job where so many in a row are not tolerated", () => {
    const world = new World(7);
    let isBroken = false;
    world.fault = ({ kind }) => (isBroken && kind === "putIfAbsent" ? "fails" : "none");
    const client = world.submit({ records: 1e9 }, { "execution.checkpointing.tolerable-failed-checkpoints": 1, "restart-strategy.type": "none" });
    world.runUntil(() => 0 < completed(world));
    isBroken = true;
    expect(world.runToEnd(client)).toBe("FAILED");
  });

  test("never answers: the checkpoint runs into its timeout, and the job goes on", () => {
    const world = new World(8);
    let lost = 0;
    world.fault = ({ kind, name }) => (kind === "putIfAbsent" && name.endsWith("2") && (lost += 1) === 1 ? "lost" : "none");
    const client = world.submit({ records: 3_000 }, { "execution.checkpointing.timeout": 50 });
    expect(world.runToEnd(client)).toBe("FINISHED");
    expect(world.rows).toEqual(expectedSums(3_000));
  });
});

test("a checkpoint that is damaged is passed over, and told of; where all are, the job does not begin", () => {
  const world = new World(9);
  const client = world.submit({ records: 1e9 }, { "execution.checkpointing.num-retained": 2 });
  world.runUntil(() => completed(world) === 2);
  expect(client.getJobStatus()).toBe("RUNNING");
  const records = (): string[] => namesOf(world).filter((name) => name.includes("/records/"));
  world.restart(2);
  world.disk.damage(records().at(-1)!, 100);
  const next = world.submit({ records: 1e9 }, { "execution.checkpointing.num-retained": 2 });
  world.runUntil(() => next.getJobStatus() === "RUNNING");
  expect(world.host.warned.join("\n")).toContain("is passed over");
  world.restart(3);
  for (const name of records()) world.disk.damage(name, 101);
  const last = world.submit({ records: 1e9 });
  expect(world.runToEnd(last)).toBe("FAILED");
});

test("a second process takes the job over, and the first ends without making anything visible", () => {
  const world = new World(10);
  const first = world.submit({ records: 5 * RECORDS });
  world.runUntil(() => 0 < completed(world));
  const second = world.submit({ records: 5 * RECORDS });
  expect(world.runToEnd(first)).toBe("FAILED");
  expect(world.runToEnd(second)).toBe("FINISHED");
  expect(world.rows).toEqual(expectedSums(5 * RECORDS));
});

describe("a savepoint", () => {
  const options = { "execution.checkpointing.interval": undefined, "execution.checkpointing.dir": undefined, "restart-strategy.type": undefined } as const;

  /** Runs until the sink has something, or the source has read so much. */
  async function taken(world: World, records: number, take: (client: ReturnType<World["submit"]>) => Promise<Savepoint>, at: number, given: object): Promise<Savepoint> {
    let read = 0;
    const client = world.submit({ records, onRecord: () => void (read += 1) }, given);
    world.runUntil(() => at <= read);
    const savepoint = take(client);
    let isDone = false;
    void savepoint.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    for (let turns = 0; turns < 20_000 && !isDone; turns += 1) {
      await Promise.resolve();
      world.host.runUntilIdle(20);
    }
    return savepoint;
  }

  for (const [about, given] of [["of a job with checkpoints", {}], ["of a job without", options]] as const) {
    test(`${about}: stopped, the job goes on from it, and all of it is there once`, async () => {
      const world = new World(11);
      const { path, bytes } = await taken(world, RECORDS, (client) => client.stopWithSavepoint({ directory: "disk:" }), 150, given);
      expect(bytes.length).toBeGreaterThan(100);
      expect(world.rows.length).toBeGreaterThan(100);
      expect(world.rows.length).toBeLessThan(RECORDS);
      const next = world.submit({ records: RECORDS, parallelism: 3 }, { ...given, "execution.state-recovery.path": path });
      expect(world.runToEnd(next)).toBe("FINISHED");
      expect(world.rows).toEqual(expectedSums(RECORDS));
    });

    test(`${about}: a job that began from one can be stopped with another`, async () => {
      const world = new World(16);
      let from: object = {};
      for (let round = 0; round < 2; round += 1) {
        const { path } = await taken(world, 4_000, (client) => client.stopWithSavepoint({ directory: "disk:" }), 50, { ...given, ...from });
        from = { "execution.state-recovery.path": path };
      }
      expect(world.runToEnd(world.submit({ records: 4_000 }, { ...given, ...from }))).toBe("FINISHED");
      expect(world.rows).toEqual(expectedSums(4_000));
    });

    test(`${about}: drained, the job ends as with its input, of which the rest comes after`, async () => {
      const world = new World(12);
      const { path } = await taken(world, RECORDS, (client) => client.stopWithSavepoint({ drain: true, directory: "disk:" }), 150, given);
      const { length } = world.rows;
      expect(world.rows).toEqual(expectedSums(length));
      const next = world.submit({ records: RECORDS }, { ...given, "execution.state-recovery.path": path });
      expect(world.runToEnd(next)).toBe("FINISHED");
      expect(world.rows).toEqual(expectedSums(RECORDS));
    });
  }

  test("is refused by a job that lacks the operator of some state, unless that is to be left out", async () => {
    const world = new World(13);
    const { path } = await taken(world, RECORDS, (client) => client.stopWithSavepoint({ directory: "disk:" }), 150, {});
    const from = { "execution.state-recovery.path": path };
    const other = world.submit({ records: RECORDS, uid: "other" }, from);
    expect(world.runToEnd(other)).toBe("FAILED");
    await expect(other.result()).rejects.toThrow(/RESTORE_MISMATCH.*uid sums.*\.uid\("sums"\)/s);
    const allowed = world.submit({ records: RECORDS, uid: "other" }, { ...from, "execution.state-recovery.ignore-unclaimed-state": true });
    expect(world.runToEnd(allowed)).toBe("FINISHED");
  });

  test("that cannot be kept leaves the job running", async () => {
    const world = new World(14);
    world.fault = ({ kind, name }) => (kind === "putIfAbsent" && name.startsWith("savepoint") ? "fails" : "none");
    await expect(taken(world, 2_000, (client) => client.stopWithSavepoint({ directory: "disk:" }), 150, {})).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    world.runUntil(() => world.rows.length === 2_000);
    expect(world.rows).toEqual(expectedSums(2_000));
  });
});

test("a job that cannot begin again says what made it fail at first", async () => {
  const world = new World(15);
  const client = world.submit({ records: RECORDS, onRecord: (n) => void (n === 300 && fail()) });
  let failures = 0;
  function fail(): never {
    failures += 1;
    throw failures === 1 ? systemFailure() : new TypeError("not again");
  }
  world.runToEnd(client);
  await expect(client.result()).rejects.toThrow(/not again\. The job had begun again after: \[SOURCE_FAILED\] the world is down/);
});
