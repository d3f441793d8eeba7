import { StreamExecutionEnvironment, WatermarkStrategy } from "../../../core/index.ts";
import { sinkFactory } from "../../../core/connectors/sink-operator.ts";
import { Prng } from "../../../core/lib/prng.ts";
import { type HarnessSnapshot, OperatorHarness } from "../../../core/testing/operator-harness.ts";
import { appendToLog } from "../../../web/indexed-db-log.ts";
import { IndexedDbLogSource, type LogPosition } from "../../../web/indexed-db-log-source.ts";
import { IndexedDbSink, type IndexedDbSinkOptions } from "../../../web/indexed-db-sink.ts";
import { SourceHarness, type SourceSnapshot } from "../../connectors/source-harness.ts";
import { turn } from "../../connectors/turn.ts";
import type { Case } from "../../host/case.ts";

/** Sinks and sources of pages. Each case has a name of its own for its database. */

interface Row {
  readonly id: number;
  readonly text?: string;
}

type Options = Omit<IndexedDbSinkOptions<Row>, "database">;
const APPENDING: Options = { store: "rows" };
const UPSERTING: Options = { store: "rows", key: "id" };

class SinkUnderTest {
  readonly #database: string;
  readonly #options: Options;
  /** No two writers of a page have the same chance. */
  static #seed = 0;

  constructor(database: string, options: Options) {
    this.#database = database;
    this.#options = options;
  }

  open(from: readonly HarnessSnapshot[] = []): OpenSink {
    SinkUnderTest.#seed += 1;
    const factory = sinkFactory(new IndexedDbSink<Row>({ database: this.#database, ...this.#options }));
    const harness = new OperatorHarness(factory, { seed: SinkUnderTest.#seed }, from);
    harness.open();
    return new OpenSink(harness);
  }

  async rows(): Promise<readonly Row[]> {
    return (await this.all("rows")) as readonly Row[];
  }

  async counts(): Promise<readonly number[]> {
    return [(await this.rows()).length, (await this.all("tamias-staged")).length, (await this.all("tamias-committed")).length];
  }

  async all(store: string): Promise<readonly unknown[]> {
    const database = await ended(indexedDB.open(this.#database));
    const values = await ended(database.transaction(store).objectStore(store).getAll());
    database.close();
    return values;
  }

  async clear(): Promise<void> {
    const database = await ended(indexedDB.open(this.#database));
    await ended(database.transaction("rows", "readwrite").objectStore("rows").clear());
    database.close();
  }
}

/** Waits as its task would. */
class OpenSink {
  readonly #harness: OperatorHarness;

  constructor(harness: OperatorHarness) {
    this.#harness = harness;
  }

  async settled(): Promise<void> {
    for (;;) {
      this.#harness.setProcessingTime(0);
      if (!this.#harness.isBlocked) return;
      await turn();
    }
  }

  async write(...rows: readonly Row[]): Promise<void> {
    for (const row of rows) {
      await this.settled();
      this.#harness.element(row);
    }
  }

  async snapshot(id: number): Promise<HarnessSnapshot> {
    await this.settled();
    return this.#harness.snapshot(id);
  }

  completed(id: number): void {
    this.#harness.completed(id);
  }

  async finish(): Promise<void> {
    await this.settled();
    this.#harness.finish();
    await this.settled();
    this.#harness.close();
  }

  close(): void {
    this.#harness.close();
  }
}

const rowsFrom = (from: number, count: number): Row[] => Array.from({ length: count }, (_none, index) => ({ id: from + index }));

export const SINK_CASES: readonly Case<string>[] = [
  {
    title: "what a checkpoint covers becomes visible with it, the rest at the end, and a small note remains",
    expected: [[0, 2, 0], 2_500, [2_501, 0, 1]],
    async run(database) {
      const sink = new SinkUnderTest(database, APPENDING);
      const open = sink.open();
      await open.write(...rowsFrom(0, 2_500));
      await open.snapshot(1);
      const before = await sink.counts();
      open.completed(1);
      await until(async () => 0 < (await sink.rows()).length);
      const between = (await sink.rows()).length;
      await open.write({ id: 2_500 });
      await open.finish();
      return [before, between, await sink.counts()];
    },
  },
  {
    title: "a record with the key of another takes its place; a key may be computed",
    expected: [[{ id: 1, text: "new" }, { id: 2 }], 2],
    async run(database) {
      const sink = new SinkUnderTest(database, UPSERTING);
      const open = sink.open();
      await open.write({ id: 1, text: "old" }, { id: 2 }, { id: 1, text: "new" });
      await open.finish();
      const computed = new SinkUnderTest(`${database} computed`, { store: "rows", key: ({ id }) => id % 2 });
      const other = computed.open();
      await other.write(...rowsFrom(0, 9));
      await other.finish();
      return [await sink.rows(), (await computed.rows()).length];
    },
  },
  {
    title: "a commit that is repeated changes nothing, even where its records have been taken away",
    expected: [[1_500, 0, 1], [0, 0, 1], [0, 0, 1]],
    async run(database) {
      const sink = new SinkUnderTest(database, APPENDING);
      const first = sink.open();
      await first.write(...rowsFrom(0, 1_500));
      const snapshot = await first.snapshot(1);
      const counts: unknown[] = [];
      for (let again = 0; again < 3; again += 1) {
        const restored = sink.open([snapshot]);
        await restored.settled();
        counts.push(await sink.counts());
        await sink.clear();
      }
      return counts;
    },
  },
  {
    title: "two commits of one transaction at the same time are one",
    expected: [1_500, 0, 1],
    async run(database) {
      const sink = new SinkUnderTest(database, APPENDING);
      const first = sink.open();
      await first.write(...rowsFrom(0, 1_500));
      const snapshot = await first.snapshot(1);
      const restored = [sink.open([snapshot]), sink.open([snapshot])];
      for (const each of restored) await each.settled();
      return sink.counts();
    },
  },
  {
    title: "what writers that are gone have left over is removed, and notes do not pile up",
    expected: [[[0, 2, 0], [1_000, 0, 1]], [1_010, 0, 1]],
    async run(database) {
      const sink = new SinkUnderTest(database, APPENDING);
      const first = sink.open();
      await first.write(...rowsFrom(0, 1_000));
      let snapshot = await first.snapshot(1);
      await first.write(...rowsFrom(1_000, 1_500));
      await first.settled();
      const counts = [await sink.counts()];
      for (let attempt = 0; attempt < 10; attempt += 1) {
        const next = sink.open([snapshot]);
        await next.settled();
        if (attempt === 0) counts.push(await sink.counts());
        await next.write({ id: 1_000 + attempt });
        snapshot = await next.snapshot(attempt + 2);
      }
      await sink.open([snapshot]).settled();
      return [counts, await sink.counts()];
    },
  },
  {
    title: "whatever is killed at whatever moment, each record is there once (8 seeds)",
    expected: [],
    async run(database) {
      const wrong: unknown[] = [];
      for (let seed = 1; seed <= 8; seed += 1) {
        const sink = new SinkUnderTest(`${database} ${seed}`, APPENDING);
        const written = await killedAgainAndAgain(sink, new Prng(seed));
        const ids = (await sink.rows()).map(({ id }) => id).sort((a, b) => a - b);
        if (ids.length !== written || ids.some((id, index) => id !== index)) wrong.push([seed, written, ids.length, new Set(ids).size]);
        const [, staged, notes] = await sink.counts();
        if (staged !== 0 || 1 < notes!) wrong.push([seed, staged, notes]);
      }
      return wrong;
    },
  },
  {
    title: "stores are made beside those of the page, which may open its database as before",
    expected: [2, ["mine", "rows", "tamias-committed", "tamias-staged"], 3],
    async run(database) {
      const request = indexedDB.open(database, 1);
      request.onupgradeneeded = () => request.result.createObjectStore("mine");
      const mine = await ended(request);
      mine.onversionchange = () => mine.close();
      const sinks = [new SinkUnderTest(database, APPENDING), new SinkUnderTest(database, APPENDING)].map((sink) => sink.open());
      for (const sink of sinks) await sink.write({ id: 1 });
      for (const sink of sinks) await sink.finish();
      const sink = new SinkUnderTest(database, APPENDING).open();
      await sink.write({ id: 2 });
      await sink.finish();
      const again = await ended(indexedDB.open(database));
      const names = [again.version, [...again.objectStoreNames]];
      again.close();
      return [...names, (await new SinkUnderTest(database, APPENDING).rows()).length];
    },
  },
  {
    title: "a store with other keys is refused",
    expected: failure("INVALID_ARGUMENT", "the sink needs one that numbers its records, but this has the key path \"id\""),
    async run(database) {
      const upserting = new SinkUnderTest(database, UPSERTING).open();
      await upserting.write({ id: 1 });
      await upserting.finish();
      return failureOf(new SinkUnderTest(database, APPENDING).open().settled());
    },
  },
  {
    title: "a record without its key fails the job, and nothing of its checkpoint is there",
    expected: [true, 0],
    async run(database) {
      const sink = new SinkUnderTest(database, UPSERTING);
      const open = sink.open();
      await open.write({ id: 1 }, {} as Row);
      const failure = await failureOf(open.finish());
      return [String(failure).includes("SINK_FAILED"), (await sink.rows()).length];
    },
  },
];

/** Writes, takes checkpoints and dies by chance, to the end; returns how many records there should be. */
async function killedAgainAndAgain(sink: SinkUnderTest, random: Prng): Promise<number> {
  let open = sink.open();
  // Of a writer that is killed before its first checkpoint nobody knows anything.
  let latest = { snapshots: [await open.snapshot(1)], position: 0 };
  let position = 0;
  for (let step = 0, id = 1; step < 15; step += 1) {
    const rows = rowsFrom(position, [1, 30, 1_100][random.int(3)]!);
    position += rows.length;
    await open.write(...rows);
    if (random.int(3) !== 0) {
      const snapshot = await open.snapshot((id += 1));
      // Some complete and are never heard of, some are answered while the next records come, some are given up.
      if (random.int(4) !== 0) latest = { snapshots: [snapshot], position };
      if (latest.position === position && random.int(3) !== 0) open.completed(id);
    }
    if (random.int(3) !== 0) continue;
    if (random.int(2) === 0) open.close();
    open = sink.open(latest.snapshots);
    position = latest.position;
  }
  await open.finish();
  return position;
}

type LogHarness = SourceHarness<unknown, LogPosition, unknown>;

function openLog(name: string, trim = false, from?: SourceSnapshot): LogHarness {
  return new SourceHarness(new IndexedDbLogSource<unknown>(name, { trim }) as never, {}, from);
}

/** Reads until there are so many records. */
async function readUntil(harness: LogHarness, count: number): Promise<void> {
  while (harness.output[0]!.length < count) {
    if (harness.poll() === "nothing") await turn();
  }
}

async function entriesOf(name: string): Promise<number> {
  const database = await ended(indexedDB.open(`tamias-log:${name}`));
  const count = await ended(database.transaction("entries").objectStore("entries").count());
  database.close();
  return count;
}

export const LOG_CASES: readonly Case<string>[] = [
  {
    title: "records come in the order in which they were appended, those from before and those that come later",
    expected: [["0", "1", "2"], 2_503, true],
    async run(name) {
      await appendToLog(name, [0, 1]);
      await appendToLog(name, []);
      const harness = openLog(name);
      await readUntil(harness, 2);
      const waits = readUntil(harness, 2_503);
      await appendToLog(name, Array.from({ length: 2_501 }, (_none, index) => index + 2));
      await waits;
      const lines = harness.output[0]!;
      harness.close();
      return [lines.slice(0, 3), lines.length, lines.every((line, index) => line === String(index))];
    },
  },
  {
    title: "several append at the same time, each of them all or nothing",
    expected: [400, true],
    async run(name) {
      const harness = openLog(name);
      await Promise.all(Array.from({ length: 20 }, (_none, writer) => appendToLog(name, Array.from({ length: 20 }, (_other, index) => `${writer}/${index}`))));
      await readUntil(harness, 400);
      harness.close();
      const lines = harness.output[0]!;
      return [new Set(lines).size, lines.every((line, index) => Number(line.split("/")[1]) === index % 20)];
    },
  },
  {
    title: "a restore goes on at the exact record, and what completed checkpoints have read is trimmed",
    expected: [true, 0, ["3000"]],
    async run(name) {
      for (let from = 0; from < 3_000; from += 300) await appendToLog(name, Array.from({ length: 300 }, (_none, index) => from + index));
      const seen: string[] = [];
      let snapshot: SourceSnapshot | undefined;
      const random = new Prng(4);
      for (let id = 1; seen.length < 3_000; id += 1) {
        const harness = openLog(name, true, snapshot);
        await readUntil(harness, Math.min(1 + random.int(700), 3_000 - seen.length));
        snapshot = harness.snapshot(id);
        seen.push(...harness.take());
        if (random.int(2) === 0 || seen.length === 3_000) harness.completed(snapshot);
        // Lost: behind the checkpoint.
        if (seen.length < 2_900) await readUntil(harness, 1 + random.int(50));
        harness.close();
      }
      await until(async () => (await entriesOf(name)) === 0);
      const left = await entriesOf(name);
      await appendToLog(name, [3_000]);
      const last = openLog(name, true, snapshot);
      await readUntil(last, 1);
      const fresh = openLog(name);
      await readUntil(fresh, 1);
      // One that has begun at what was left over goes on there too.
      const again = openLog(name, false, fresh.snapshot(1));
      again.poll();
      for (const harness of [last, fresh, again]) harness.close();
      return [seen.every((line, index) => line === String(index)), left, last.take()];
    },
  },
  {
    title: "a reader that saw nothing yet begins with the first that comes, restored or not",
    expected: [["later"], ["later"]],
    async run(name) {
      await appendToLog(name, ["earlier"]);
      const trimming = openLog(name, true);
      await readUntil(trimming, 1);
      trimming.completed(trimming.snapshot(1));
      await until(async () => (await entriesOf(name)) === 0);
      const waiting = openLog(name);
      for (let polls = 0; polls < 5; polls += 1) {
        waiting.poll();
        await turn();
      }
      const restored = openLog(name, false, waiting.snapshot(1));
      await appendToLog(name, ["later"]);
      for (const harness of [waiting, restored]) await readUntil(harness, 1);
      for (const harness of [waiting, restored, trimming]) harness.close();
      return [waiting.take(), restored.take()];
    },
  },
  {
    title: "a log that lacks what comes next, or is another one, is refused",
    expected: [failure("RESTORE_MISMATCH", "records behind that have been removed"), failure("RESTORE_MISMATCH", "it has been deleted since")],
    async run(name) {
      await appendToLog(name, [0, 1]);
      await appendToLog(name, [2]);
      const harness = openLog(name);
      await readUntil(harness, 1);
      const early = harness.snapshot(1);
      await readUntil(harness, 3);
      harness.close();
      const trimming = openLog(name, true);
      await readUntil(trimming, 2);
      trimming.completed(trimming.snapshot(1));
      await until(async () => (await entriesOf(name)) === 1);
      trimming.close();
      const trimmed = await failureOf(readUntil(openLog(name, false, early), 1));
      await ended(indexedDB.deleteDatabase(`tamias-log:${name}`));
      await appendToLog(name, [0]);
      return [trimmed, await failureOf(readUntil(openLog(name, false, early), 1))];
    },
  },
];

export const JOB_CASES: readonly Case<string>[] = [
  {
    title: "a job reads the log, and writes at its end what it has made of it, at any parallelism",
    expected: [[2, 4, 6, 8], 0],
    async run(name) {
      await appendToLog(name, [1, 2]);
      const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism: 3 });
      const seen: number[] = [];
      env
        .fromSource(new IndexedDbLogSource<number>(name), WatermarkStrategy.noWatermarks(), "log")
        .rebalance()
        .map((n) => {
          seen.push(n);
          return { id: n * 2 };
        })
        .sinkTo(new IndexedDbSink<Row>({ database: name, store: "rows", key: "id" }));
      const client = await env.executeAsync();
      await until(async () => seen.length === 2);
      await appendToLog(name, [3, 4]);
      await until(async () => seen.length === 4);
      await client.stop();
      await client.result();
      const sink = new SinkUnderTest(name, UPSERTING);
      return [(await sink.rows()).map(({ id }) => id), (await sink.counts())[1]];
    },
  },
];

function failure(code: string, message: string): string {
  return `[${code}] … ${message}`;
}

/** The code of what it rejects with, and the part of its message that the cases name. */
async function failureOf(promise: Promise<unknown>): Promise<string> {
  const parts = ["the sink needs one that numbers its records, but this has the key path \"id\"", "records behind that have been removed", "it has been deleted since"];
  try {
    await promise;
    return "nothing failed";
  } catch (cause) {
    const text = String(cause);
    const part = parts.find((each) => text.includes(each));
    return part === undefined ? text : failure(/\[(\w+)\]/.exec(text)?.[1] ?? "", part);
  }
}

async function until(claim: () => Promise<boolean>): Promise<void> {
  while (!(await claim())) await turn();
}

function ended<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("a request failed"));
  });
}
