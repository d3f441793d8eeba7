import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StreamExecutionEnvironment } from "tamias";
import { FileSink as BuiltFileSink, jsonLinesEncoding as builtJsonLines } from "tamias/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { SinkWriterContext } from "../../core/connectors/sink.ts";
import { Prng } from "../../core/lib/prng.ts";
import { type HarnessSnapshot, OperatorHarness, type OperatorHarnessOptions } from "../../core/testing/operator-harness.ts";
import { csvEncoding } from "../../node/files/csv-sink.ts";
import { FileSink, type FileSinkOptions } from "../../node/files/file-sink.ts";
import { findFiles } from "../../node/files/find-files.ts";
import { jsonLinesEncoding } from "../../node/files/json-lines-sink.ts";

let folder = "";
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "tamias-")), "out");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

const isHidden = (name: string): boolean => name.startsWith(".");
const visible = (): string[] => readdirSync(folder).filter((name) => !isHidden(name));
const hidden = (): string[] => readdirSync(folder).filter(isHidden);

/** The records in visible files, each of which holds whole lines. */
function records(): number[] {
  return visible().flatMap((name) => {
    const lines = readFileSync(join(folder, name), "utf8").split("\n");
    expect(lines.pop()).toBe("");
    return lines.map((line) => JSON.parse(line) as number);
  }).sort((a, b) => a - b);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_none, index) => index);
const sinkOf = (options?: FileSinkOptions): FileSink<unknown> => FileSink.forRowFormat(folder, jsonLinesEncoding(), options).build();

function open(sink: FileSink<unknown>, from: readonly HarnessSnapshot[] = [], options: OperatorHarnessOptions = {}): OperatorHarness {
  const harness = new OperatorHarness(sinkFactory(sink), options, from);
  harness.open();
  return harness;
}

describe("files become visible", () => {
  test("with the checkpoint that has them, and the rest at the end", () => {
    const harness = open(sinkOf());
    harness.element(0);
    harness.snapshot(1);
    harness.element(1);
    expect([visible(), hidden().length]).toEqual([[], 2]);
    harness.completed(1);
    expect([records(), hidden().length]).toEqual([[0], 1]);
    harness.snapshot(2);
    harness.aborted(2);
    harness.snapshot(3);
    harness.completed(3);
    harness.snapshot(4);
    harness.completed(4);
    expect(visible()).toHaveLength(2);
    harness.element(2);
    harness.finish();
    harness.close();
    expect([records(), hidden()]).toEqual([[0, 1, 2], []]);
    expect(visible().every((name) => /^part-0-[0-9a-z]{8}-[0-9a-z]{8}-\d\.jsonl$/.test(name))).toBe(true);
  });

  test("cut where they are large, with names as they are wanted, and a header each", () => {
    const sink = FileSink.forRowFormat<{ n: number }>(folder, csvEncoding(), { partPrefix: "n", partSuffix: ".txt", maxPartBytes: 6 }).build();
    const harness = open(sink as FileSink<unknown>, [], { parallelism: 3, subtask: 2 });
    for (const n of [1, 2, 3, 4, 5]) harness.element({ n });
    harness.finish();
    expect(visible().map((name) => readFileSync(join(folder, name), "utf8")).sort()).toEqual(["n\n1\n2\n", "n\n3\n4\n", "n\n5\n"]);
    expect(visible().every((name) => name.startsWith("n-2-") && name.endsWith(".txt"))).toBe(true);
  });

  test("without any record there is no file", () => {
    const harness = open(sinkOf());
    harness.snapshot(1);
    harness.completed(1);
    harness.finish();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("in a job without checkpoints when it ends, at any parallelism, beside what was there", async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, "part-0.jsonl"), "100\n");
    const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism: 3 });
    env.fromSequence(0, 99).rebalance().map((n) => n).sinkTo(BuiltFileSink.forRowFormat<number>(folder, builtJsonLines()).build());
    await env.execute();
    expect([records(), hidden()]).toEqual([upTo(101), []]);
    expect(visible()).toHaveLength(4);
    // Sources see the same files.
    expect(await findFiles([folder])).toHaveLength(4);
  });
});

/** What happens to a writer besides a clean end. */
type Death = "killed" | "closed" | "killed while it commits";

describe("whatever happens, each record is visible once, and only with its checkpoint", () => {
  test.each([[1, 40], [4, 15]])("at a parallelism of %i at most (%i seeds)", (parallelismMax, seeds) => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      const random = new Prng(seed * 10 + parallelismMax);
      new Run(random, parallelismMax, `seed ${seed}`).play();
    }
  });

  class Run {
    readonly #random: Prng;
    readonly #parallelismMax: number;
    /** The newest checkpoint that has completed: snapshots, and how many records are in it. */
    #latest: { readonly snapshots: readonly HarnessSnapshot[]; readonly position: number } = { snapshots: [], position: 0 };
    #harnesses: OperatorHarness[] = [];
    #position = 0;
    #checkpointId = 0;
    #sink = sinkOf();

    readonly #title: string;

    constructor(random: Prng, parallelismMax: number, title: string) {
      this.#title = title;
      this.#random = random;
      this.#parallelismMax = parallelismMax;
    }

    play(): void {
      this.#start();
      for (let step = 0; step < 40; step += 1) {
        const kind = this.#random.int(10);
        if (kind < 6) this.#write();
        else if (kind < 9) this.#checkpoint();
        else this.#die((["killed", "closed", "killed while it commits"] as const)[this.#random.int(3)]!);
        // What a restore would make visible may be so already.
        const seen = records();
        expect(new Set(seen).size, this.#title).toBe(seen.length);
        expect(Math.max(-1, ...seen), this.#title).toBeLessThan(this.#latest.position);
      }
      for (const harness of this.#harnesses) harness.finish();
      for (const harness of this.#harnesses) harness.close();
      expect(records(), this.#title).toEqual(upTo(this.#position));
    }

    #write(): void {
      for (let count = this.#random.int(4); 0 <= count; count -= 1) {
        this.#harnesses[this.#position % this.#harnesses.length]!.element(this.#position);
        this.#position += 1;
      }
    }

    /** One that completes, is aborted, or completes without anybody being told. */
    #checkpoint(): void {
      this.#checkpointId += 1;
      const snapshots = this.#harnesses.map((harness) => harness.snapshot(this.#checkpointId));
      const fate = this.#random.int(4);
      if (fate === 0) return this.#harnesses.forEach((harness) => harness.aborted(this.#checkpointId));
      this.#latest = { snapshots, position: this.#position };
      if (fate === 1) return this.#die("killed while it commits");
      for (const harness of this.#harnesses) harness.completed(this.#checkpointId);
      expect(records(), this.#title).toEqual(upTo(this.#position));
    }

    #die(death: Death): void {
      if (death === "closed") for (const harness of this.#harnesses) harness.close();
      if (death === "killed while it commits") this.#commitSome();
      // In the same process or in a new one.
      if (this.#random.int(2) === 0) this.#sink = sinkOf({ maxPartBytes: 1 + this.#random.int(20) });
      this.#start();
      expect(records(), this.#title).toEqual(upTo(this.#latest.position));
    }

    /** A commit gets as far as some of its files: those of the newest completed checkpoint that a restore makes visible. */
    #commitSome(): void {
      const before = new Set(hidden());
      const copy = mkdtempSync(join(tmpdir(), "tamias-"));
      for (const name of readdirSync(folder)) writeFileSync(join(copy, name), readFileSync(join(folder, name)));
      this.#start();
      const committed = visible().filter((name) => before.has(`.${name}.inprogress`));
      rmSync(folder, { recursive: true });
      renameSync(copy, folder);
      for (const name of committed) if (this.#random.int(2) === 0) renameSync(join(folder, `.${name}.inprogress`), join(folder, name));
    }

    #start(): void {
      const { snapshots, position } = this.#latest;
      this.#position = position;
      const parallelism = 1 + this.#random.int(this.#parallelismMax);
      this.#harnesses = Array.from({ length: parallelism }, (_none, subtask) => {
        const own = snapshots.length === parallelism ? [snapshots[subtask]!] : snapshots;
        return open(this.#sink, own, { parallelism, subtask, seed: this.#random.int(1_000_000_000) });
      });
    }
  }
});

describe("what is left over", () => {
  test("by writers that are gone is removed, unless a checkpoint knows it or it is another's", () => {
    const other = open(sinkOf(), [], { seed: 99 });
    other.element("of another job");
    writeFileSync(join(folder, ".part-mine.inprogress"), "");
    const first = open(sinkOf(), [], { seed: 1 });
    first.element(0);
    const snapshot = first.snapshot(1);
    first.element(1);
    expect(hidden()).toHaveLength(4);
    const second = open(sinkOf(), [snapshot], { seed: 2 });
    second.element(1);
    expect([records(), hidden().length]).toEqual([[0], 3]);
    // The second is gone before its first checkpoint; the third knows it by its line.
    const third = open(sinkOf(), [snapshot], { seed: 3 });
    expect([records(), hidden().length]).toEqual([[0], 2]);
    third.close();
    other.close();
    expect(hidden()).toEqual([".part-mine.inprogress"]);
  });

  test("stays until whichever subtask has come by its committable makes it visible", () => {
    const contextOf = (subtaskIndex: number): SinkWriterContext => {
      const random = new Prng(subtaskIndex);
      return { subtaskIndex, parallelism: 2, attempt: 0, random: () => random.next() } as Partial<SinkWriterContext> as SinkWriterContext;
    };
    const first = sinkOf().createWriter(contextOf(0));
    first.write(0, { timestamp: undefined, watermark: -Infinity });
    first.flush(false);
    const committables = first.prepareCommit!();
    const states = first.snapshotState!(1);
    first.write(1, { timestamp: undefined, watermark: -Infinity });
    const sink = sinkOf();
    sink.restoreWriter(contextOf(1), states);
    expect(hidden()).toHaveLength(1);
    for (let again = 0; again < 2; again += 1) sinkOf().createCommitter().commit(committables);
    expect([records(), hidden()]).toEqual([[0], []]);
    // Somebody has taken it away since.
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    sinkOf().createCommitter().commit(committables);
  });
});

describe("refuses", () => {
  test("to replace a file that somebody else has made, and to go on without one that somebody has removed", () => {
    const harness = open(sinkOf());
    harness.element(0);
    harness.snapshot(1);
    const [part] = hidden();
    const name = part!.slice(1, -".inprogress".length);
    writeFileSync(join(folder, name), "mine");
    expect(() => harness.completed(1)).toThrow("there is another file with the name");
    expect(readFileSync(join(folder, name), "utf8")).toBe("mine");
    rmSync(join(folder, name));
    rmSync(join(folder, part!));
    harness.snapshot(2);
    expect(() => harness.completed(2)).toThrow("has been removed before it was visible");
  });

  test.each<[FileSinkOptions, string]>([
    [{ partPrefix: "a/b" }, 'without slashes, but is "a/b"'],
    [{ maxPartBytes: 0 }, "from 1 on, but is 0"],
    [{ partSufix: ".txt" } as FileSinkOptions, 'did you mean "partSuffix"?'],
  ])("options that mean nothing: %#", (options, message) => {
    expect(() => sinkOf(options)).toThrow(message);
  });

  test("a folder that cannot be made", () => {
    writeFileSync(folder, "");
    expect(() => open(sinkOf())).toThrow(`cannot create the folder "${folder}"`);
  });
});
