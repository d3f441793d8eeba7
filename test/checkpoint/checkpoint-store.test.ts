import { describe, expect, test } from "vitest";
import { CheckpointStore, type Lead } from "../../core/checkpoint/checkpoint-store.ts";
import type { StoredCheckpoint } from "../../core/checkpoint/part-loader.ts";
import { storageOver } from "../../core/host/storage.ts";
import { hash128 } from "../../core/lib/hash.ts";
import type { JobError } from "../../core/lib/errors.ts";
import { SimulatedDisk, type StorageCall, type StorageFault } from "../../core/testing/simulated-disk.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";
import { SimulatedMachine } from "../../core/testing/simulated-machine.ts";

/** Leaders of one job over one disk; each call runs to its answer. */
class Leaders {
  readonly host: SimulatedHost = new SimulatedHost({ seed: 1 });
  readonly disk: SimulatedDisk;
  fault: (call: StorageCall) => StorageFault = () => "none";
  #writers = 0;

  constructor() {
    this.disk = new SimulatedDisk({ scheduler: this.host.scheduler, now: () => 0, fault: (call) => this.fault(call) });
  }

  leader(retainedMax: number = 1): CheckpointStore {
    this.#writers += 1;
    const storage = storageOver(this.disk.storage(this.host.scheduler), this.host);
    return new CheckpointStore({ storage, folder: "job", jobName: "job", writer: String(this.#writers), retainedMax, laggingMax: 1 });
  }

  lead(store: CheckpointStore): Lead | string {
    return this.answer((onDone, onFailure) => store.lead(onDone, onFailure));
  }

  commit(store: CheckpointStore, checkpoint: StoredCheckpoint): string {
    return this.answer<string>((onDone, onFailure) => store.commit(checkpoint, () => onDone("done"), onFailure));
  }

  collect(store: CheckpointStore): string {
    return this.answer<string>((onDone, onFailure) => store.collect(() => onDone("done"), onFailure));
  }

  discard(store: CheckpointStore): string {
    return this.answer<string>((onDone, onFailure) => store.discard("FINISHED", () => onDone("done"), onFailure));
  }

  /** Its new part lies on the disk before it is committed. */
  checkpoint(store: CheckpointStore, id: number, ...earlier: readonly string[]): StoredCheckpoint {
    const name = `e${store.epoch}/c${id}/part`;
    const bytes = new TextEncoder().encode(name);
    this.disk.objects.set(`job/parts/${name}`, bytes);
    const infos = [...earlier, name].map((part) => [part, { bytes: part.length, hash: hash128(new TextEncoder().encode(part)) }]);
    return {
      manifest: { checkpointId: id, jobName: "job", graphFingerprint: "", operators: {}, enumerators: {}, inFlight: [], parts: Object.fromEntries(infos) },
      blobs: new Map(),
    };
  }

  names(): string[] {
    return [...this.disk.objects.keys()].map((name) => name.replace("job/records/00000000000", "#").replace("job/parts/", "")).sort();
  }

  answer<T>(call: (onDone: (value: T) => void, onFailure: (error: JobError) => void) => void): T | string {
    let answer: T | string | undefined;
    call(
      (value) => (answer = value),
      (error) => (answer = error.code),
    );
    this.host.runUntilIdle();
    return answer ?? "no answer";
  }
}

function ids(lead: Lead | string): number[] {
  return typeof lead === "string" ? [] : lead.checkpoints.map(({ manifest }) => manifest.checkpointId);
}

describe("a leader", () => {
  test("finds nothing at first, and then what it has committed", () => {
    const leaders = new Leaders();
    const first = leaders.leader();
    expect(leaders.lead(first)).toMatchObject({ epoch: 1, checkpoints: [], damaged: [] });
    expect(leaders.commit(first, leaders.checkpoint(first, 1))).toBe("done");
    const second = leaders.leader();
    const lead = leaders.lead(second);
    expect(lead).toMatchObject({ epoch: 3 });
    expect(ids(lead)).toEqual([1]);
    expect(second.lastCheckpointId).toBe(1);
  });

  test("loses its next put to a later one, which does not see it", () => {
    const leaders = new Leaders();
    const [first, second] = [leaders.leader(), leaders.leader()];
    leaders.lead(first);
    leaders.commit(first, leaders.checkpoint(first, 1));
    leaders.lead(second);
    expect(leaders.commit(first, leaders.checkpoint(first, 2))).toBe("LEADERSHIP_LOST");
    expect(leaders.commit(second, leaders.checkpoint(second, 2))).toBe("done");
    expect(ids(leaders.lead(leaders.leader(2)))).toEqual([2, 1]);
  });

  test("loses it even where the record that fenced it was removed long ago", () => {
    const leaders = new Leaders();
    const [first, second] = [leaders.leader(), leaders.leader()];
    leaders.lead(first);
    leaders.commit(first, leaders.checkpoint(first, 1));
    leaders.lead(second);
    for (const id of [2, 3]) {
      leaders.commit(second, leaders.checkpoint(second, id));
      leaders.collect(second);
    }
    expect(leaders.names()).not.toContain("#3");
    expect(leaders.commit(first, leaders.checkpoint(first, 2))).toBe("LEADERSHIP_LOST");
  });

  test("loses it where the job has ended meanwhile, and all was removed", () => {
    const leaders = new Leaders();
    const [first, second] = [leaders.leader(), leaders.leader()];
    leaders.lead(first);
    leaders.lead(second);
    leaders.commit(second, leaders.checkpoint(second, 1));
    expect(leaders.discard(second)).toBe("done");
    expect(leaders.names()).toEqual(["#4"]);
    expect(leaders.commit(first, leaders.checkpoint(first, 1))).toBe("LEADERSHIP_LOST");
    expect(ids(leaders.lead(leaders.leader()))).toEqual([]);
  });

  test("knows its own beginning where it was in doubt, and that of another one where its own was not", () => {
    for (const happens of ["in doubt", "fails"] as const) {
      const leaders = new Leaders();
      const [first, second] = [leaders.leader(), leaders.leader()];
      leaders.lead(first);
      leaders.fault = ({ kind }) => (kind === "putIfAbsent" ? happens : "none");
      expect(leaders.lead(first)).toBe("STORAGE_FAILED");
      leaders.fault = () => "none";
      if (happens === "fails") leaders.lead(second);
      if (happens === "fails") expect(leaders.lead(first)).toBe("LEADERSHIP_LOST");
      else expect(leaders.lead(first)).toMatchObject({ epoch: 3 });
    }
  });

  test("that slept since it has looked for records begins behind those that are there now", () => {
    const leaders = new Leaders();
    const earlier = leaders.leader();
    leaders.lead(earlier);
    leaders.commit(earlier, leaders.checkpoint(earlier, 1));
    const machine = new SimulatedMachine(leaders.host);
    const storage = storageOver(leaders.disk.storage(machine.scheduler), machine);
    const slept = new CheckpointStore({ storage, folder: "job", jobName: "job", writer: "slept", retainedMax: 1, laggingMax: 1 });
    let lead: Lead | undefined;
    leaders.fault = ({ kind, caller }) => {
      if (kind === "get" && caller === machine.scheduler) machine.hang();
      return "none";
    };
    slept.lead((led) => (lead = led), () => {});
    leaders.host.runUntilIdle();
    const second = leaders.leader();
    leaders.lead(second);
    for (const id of [2, 3]) leaders.commit(second, leaders.checkpoint(second, id));
    leaders.collect(second);
    leaders.fault = () => "none";
    machine.goOn();
    leaders.host.runUntilIdle();
    expect(lead).toMatchObject({ epoch: 6 });
    expect(ids(lead ?? "")).toEqual([3]);
  });

  test("begins again only where nobody else has", () => {
    const leaders = new Leaders();
    const [first, second] = [leaders.leader(), leaders.leader()];
    leaders.lead(first);
    expect(leaders.lead(first)).toMatchObject({ epoch: 2 });
    leaders.lead(second);
    expect(leaders.lead(first)).toBe("LEADERSHIP_LOST");
  });
});

describe("a put that fails", () => {
  test("did not happen: the next one takes its number, and its parts go", () => {
    const leaders = new Leaders();
    const leader = leaders.leader();
    leaders.lead(leader);
    leaders.fault = ({ kind }) => (kind === "putIfAbsent" ? "fails" : "none");
    expect(leaders.commit(leader, leaders.checkpoint(leader, 1))).toBe("STORAGE_FAILED");
    leaders.fault = () => "none";
    expect(leaders.commit(leader, leaders.checkpoint(leader, 2))).toBe("done");
    leaders.collect(leader);
    expect(leaders.names()).toEqual(["#2", "e1/c2/part"]);
  });

  test("happened: the next one finds out, and what it covers is kept until then", () => {
    const leaders = new Leaders();
    const leader = leaders.leader(2);
    leaders.lead(leader);
    leaders.fault = ({ kind }) => (kind === "putIfAbsent" ? "in doubt" : "none");
    const first = leaders.checkpoint(leader, 1);
    expect(leaders.commit(leader, first)).toBe("STORAGE_FAILED");
    leaders.fault = () => "none";
    leader.drop(Object.keys(first.manifest.parts));
    leaders.collect(leader);
    expect(leaders.names()).toContain("e1/c1/part");
    expect(leaders.commit(leader, leaders.checkpoint(leader, 2))).toBe("done");
    leaders.collect(leader);
    expect(ids(leaders.lead(leaders.leader(2)))).toEqual([2, 1]);
    expect(leaders.names().filter((name) => name.startsWith("e"))).toEqual(["e1/c1/part", "e1/c2/part"]);
  });

  test("happened, and the leader is gone: the next leader goes on from it", () => {
    const leaders = new Leaders();
    const leader = leaders.leader();
    leaders.lead(leader);
    leaders.fault = ({ kind }) => (kind === "putIfAbsent" ? "in doubt" : "none");
    leaders.commit(leader, leaders.checkpoint(leader, 1));
    leaders.fault = () => "none";
    expect(ids(leaders.lead(leaders.leader()))).toEqual([1]);
  });
});

describe("collection", () => {
  test("keeps what retained checkpoints and subtasks that lag behind need, and nothing else", () => {
    const leaders = new Leaders();
    const leader = leaders.leader();
    leaders.lead(leader);
    leaders.commit(leader, leaders.checkpoint(leader, 1));
    leaders.collect(leader);
    leaders.commit(leader, leaders.checkpoint(leader, 2, "e1/c1/part"));
    leaders.collect(leader);
    expect(leaders.names()).toEqual(["#3", "e1/c1/part", "e1/c2/part"]);
    leaders.commit(leader, leaders.checkpoint(leader, 3));
    leaders.collect(leader);
    expect(leaders.names()).toEqual(["#4", "e1/c1/part", "e1/c2/part", "e1/c3/part"]);
    leaders.commit(leader, leaders.checkpoint(leader, 4));
    leaders.collect(leader);
    expect(leaders.names()).toEqual(["#5", "e1/c3/part", "e1/c4/part"]);
  });

  test("leaves for the next time what cannot be removed", () => {
    const leaders = new Leaders();
    const leader = leaders.leader();
    leaders.lead(leader);
    leaders.commit(leader, leaders.checkpoint(leader, 1));
    leaders.fault = ({ kind }) => (kind === "remove" ? "fails" : "none");
    expect(leaders.collect(leader)).toBe("STORAGE_FAILED");
    leaders.fault = () => "none";
    leaders.commit(leader, leaders.checkpoint(leader, 2));
    leaders.collect(leader);
    expect(leaders.names()).toEqual(["#3", "e1/c1/part", "e1/c2/part"]);
  });

  test("sweeps what leaders before have left, but not what is under way", () => {
    const leaders = new Leaders();
    const first = leaders.leader();
    leaders.lead(first);
    leaders.checkpoint(first, 1);
    leaders.commit(first, leaders.checkpoint(first, 2));
    const second = leaders.leader();
    leaders.lead(second);
    leaders.checkpoint(second, 3);
    leaders.checkpoint(second, 4);
    expect(leaders.answer<string>((onDone, onFailure) => second.sweep(4, () => onDone("done"), onFailure))).toBe("done");
    expect(leaders.names().filter((name) => name.startsWith("e"))).toEqual(["e1/c2/part", "e3/c4/part"]);
  });
});

test("a record that is damaged is told of, and the one before it is there", () => {
  const leaders = new Leaders();
  const leader = leaders.leader(3);
  leaders.lead(leader);
  for (const id of [1, 2]) leaders.commit(leader, leaders.checkpoint(leader, id));
  for (let at = 0; at < 40; at += 1) {
    leaders.disk.damage("job/records/000000000003", at);
    const lead = leaders.lead(leaders.leader(3));
    expect(ids(lead)).toEqual([1]);
    expect(lead).toMatchObject({ damaged: [{ code: "CORRUPT_DATA" }] });
    leaders.disk.damage("job/records/000000000003", at);
  }
});

describe("what has ended is removed", () => {
  test("but not by a leader that was followed by another one: its checkpoints are the other one's now", () => {
    const leaders = new Leaders();
    const [first, second] = [leaders.leader(), leaders.leader()];
    leaders.lead(first);
    leaders.commit(first, leaders.checkpoint(first, 1));
    leaders.lead(second);
    const names = leaders.names();
    expect(leaders.discard(first)).toBe("LEADERSHIP_LOST");
    expect(leaders.names()).toEqual(names);
    expect(ids(leaders.lead(leaders.leader()))).toEqual([1]);
  });

  test("but for what a later leader writes, of which this one does not know", () => {
    const leaders = new Leaders();
    const [first, second] = [leaders.leader(), leaders.leader()];
    leaders.lead(first);
    leaders.commit(first, leaders.checkpoint(first, 1));
    leaders.lead(second);
    const next = leaders.checkpoint(second, 2);
    const sweeps = [(done: () => void, failed: (error: JobError) => void) => first.settle(done, failed), (done: () => void, failed: (error: JobError) => void) => first.sweep(0, done, failed)];
    for (const sweep of sweeps) expect(leaders.answer<string>((onDone, onFailure) => sweep(() => onDone("done"), onFailure))).toBe("done");
    expect(leaders.names()).toEqual(["#2", "#3", "e1/c1/part", "e3/c2/part"]);
    expect(leaders.commit(second, next)).toBe("done");
  });

  test("also a checkpoint that was in doubt, and by a second try where the first was in doubt itself", () => {
    const leaders = new Leaders();
    const leader = leaders.leader();
    leaders.lead(leader);
    leaders.fault = ({ kind }) => (kind === "putIfAbsent" ? "in doubt" : "none");
    expect(leaders.commit(leader, leaders.checkpoint(leader, 1))).toBe("STORAGE_FAILED");
    expect(leaders.discard(leader)).toBe("STORAGE_FAILED");
    leaders.fault = ({ kind, name }) => (kind === "putIfAbsent" && name.endsWith("3") ? "in doubt" : "none");
    expect(leaders.discard(leader)).toBe("STORAGE_FAILED");
    expect(leaders.names()).toContain("#3");
    leaders.fault = () => "none";
    expect(leaders.discard(leader)).toBe("done");
    expect(leaders.names()).toEqual(["#3"]);
    expect(ids(leaders.lead(leaders.leader()))).toEqual([]);
  });
});
