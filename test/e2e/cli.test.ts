/** The command line as a stranger meets it: real processes, right and wrong. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JOBS, MAIN, ROOT, Running, startTamias, tamias, type Ended } from "./command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "tamias-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Jobs as users write them, outside of any package. */
const FILES: Readonly<Record<string, string>> = {
  "numbers.ts": `
    import type { JobArgs, JobModule, StreamExecutionEnvironment } from "tamias";
    export const options: JobModule["options"] = {
      howMany: { type: "number", description: "how many numbers; default 3" },
      loud: { type: "boolean", description: "with exclamation marks" },
    };
    export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
      env.fromSequence(1, Number(args["howMany"] ?? 3)).map((n) => n + (args["loud"] === true ? "!" : "")).setParallelism(1).print().setParallelism(1);
    }`,
  "collecting.ts": `
    import { collectSink, type StreamExecutionEnvironment } from "tamias";
    export function job(env: StreamExecutionEnvironment): void {
      env.fromSequence(1, 5000).map((n) => ({ n })).sinkTo(collectSink("numbers"));
    }`,
  "pushed.ts": `
    import { PushSource, WatermarkStrategy, type StreamExecutionEnvironment } from "tamias";
    export function job(env: StreamExecutionEnvironment): void {
      env.fromSource(new PushSource<number>("clicks"), WatermarkStrategy.noWatermarks(), "clicks").print();
    }`,
  "script-collecting.ts": `
    import { StreamExecutionEnvironment, collectSink } from "tamias";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromElements(1).sinkTo(collectSink("numbers"));
    await env.execute();`,
  "failing.ts": `
    import { WatermarkStrategy, type StreamExecutionEnvironment } from "tamias";
    export function job(env: StreamExecutionEnvironment): void {
      env
        .fromElements({ id: 1, at: 1000 }, { id: 2, at: 2000 })
        .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<{ id: number; at: number }>().withTimestampAssigner((r) => r.at))
        .map((r) => { if (r.id === 2) throw new RangeError("no twos"); return r; })
        .name("picky")
        .print();
    }`,
  "no-job.ts": "export const x: number = 1;",
  "job-constant.ts": "export const job = 5;",
  "empty-job.ts": "export function job(): void {}",
  "throwing.ts": 'throw new Error("while it was imported");',
  "throwing-job.ts": 'export function job(): void { throw new Error("while it was built"); }',
  "syntax.ts":
    'import type { JobArgs } from "tamias";\nexport function job(env: any, args: JobArgs): void { env.fromElements(1.print(); }',
  "enum.ts": "export enum Colour { Red }\nexport function job(): void {}",
  "missing-import.ts": 'import { nothing } from "./nothing.ts";\nexport const job = nothing;',
  "missing-export.ts": 'import { Nothing } from "tamias";\nexport const job = Nothing;',
  "odd-options.ts": 'export const options = { metrics: { type: "string", description: "" } };\nexport function job(): void {}',
  "pending.ts": `
    setInterval(() => {}, 1000);
    export function job(env: import("tamias").StreamExecutionEnvironment): void { env.fromElements("done").print(); }`,
  "executing-job.ts": `
    export async function job(env: import("tamias").StreamExecutionEnvironment): Promise<void> { env.fromElements("inner").print(); await env.execute("by itself"); }`,
  "script.ts": `
    import { StreamExecutionEnvironment } from "tamias";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromElements("a", "b").print();
    const { jobName } = await env.execute("in place");
    console.log(jobName, process.argv.slice(2).join(" "));`,
  "script-without-await.ts": `
    import { StreamExecutionEnvironment } from "tamias";
    async function main(): Promise<void> {
      await new Promise((resolve) => setImmediate(resolve));
      const env = StreamExecutionEnvironment.getExecutionEnvironment();
      env.fromElements("later").print();
      void env.execute();
    }
    void main();`,
  "script-failing.ts": `
    import { StreamExecutionEnvironment } from "tamias";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromElements(1).map(() => { throw new Error("not awaited"); }).print();
    void env.execute();`,
  "script-refused.ts": `
    import { StreamExecutionEnvironment } from "tamias";
    void StreamExecutionEnvironment.getExecutionEnvironment().execute();`,
  "script-silent-failure.ts": `
    import { StreamExecutionEnvironment } from "tamias";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromElements(1).map(() => { throw new Error("nobody asked"); }).print();
    await env.executeAsync();`,
  "script-stopping.ts": `
    import { StreamExecutionEnvironment } from "tamias";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    for await (const n of env.fromSequence(1, 1e12).executeAndCollect()) { console.log(n); if (n === 3) break; }`,
  "stray.ts": `
    export function job(env: import("tamias").StreamExecutionEnvironment): void {
      env.fromSequence(1, 1e12).map((n) => { if (n === 10) void Promise.reject(new Error("dropped by the job")); return n; }).filter(() => false).print();
    }`,
  "periodic.ts": `
    import { seconds, TumblingEventTimeWindows, TumblingProcessingTimeWindows, WatermarkStrategy, type StreamExecutionEnvironment } from "tamias";
    export function job(env: StreamExecutionEnvironment): void {
      const keyed = env.fromElements({ k: "a", at: 1 })
        .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<{ k: string; at: number }>().emitPeriodically().withTimestampAssigner((r) => r.at))
        .keyBy((r) => r.k);
      keyed.window(TumblingEventTimeWindows.of(seconds(1))).reduce((a) => a).uid("by event").print();
      keyed.window(TumblingProcessingTimeWindows.of(seconds(1))).reduce((a) => a).print();
    }`,
};

beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, "commonjs"));
  writeFileSync(join(folder, "commonjs", "package.json"), '{ "type": "commonjs" }');
  writeFileSync(join(folder, "commonjs", "numbers.ts"), FILES["numbers.ts"]!);
});

function at(name: string): Promise<Ended> {
  return tamias(name.split(" "), { cwd: folder });
}

/** No frame of ours, of Node's or of a dependency's stands in what a user reads. */
function expectNoStackNoise(stderr: string): void {
  expect(stderr).not.toMatch(/node:internal|dist\/(core|node|chunks)|node_modules|CommanderError/);
}

describe("help and usage", () => {
  test.each([
    ["--help", ["run [options] <job>", "explain [options] <job>", "Exit codes: 0 done, 1 the job failed, 2 wrong usage, 130"]],
    ["help", ["run [options] <job>"]],
    ["run --help", ["--parallelism <n>", "--metrics <file>", "--input <file>"]],
    ["help run", ["--parallelism <n>"]],
    ["explain --help", ["--parallelism <n>", "the graph as JSON"]],
    [
      "run numbers.ts --help",
      ["tamias run numbers.ts [options]", "--how-many <number>", "how many numbers; default 3", "--loud"],
    ],
    ["explain numbers.ts -h", ["--how-many <number>"]],
    ["run script.ts --help", ["tamias run script.ts [options]"]],
    ["--version", [(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string }).version]],
  ])("tamias %s", async (args, parts) => {
    const { code, stdout, stderr } = await at(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const part of parts) expect(stdout.replaceAll(/\s+/g, " ")).toContain(part);
  });

  test("--json is listed where the job says what it means, and taken everywhere", async () => {
    for (const args of ["run --help", "run numbers.ts --help"]) expect((await at(args)).stdout).not.toContain("--json");
    expect((await tamias(["run", join(ROOT, "examples", "log-analysis.ts"), "--help"])).stdout).toMatch(/--json +each output as a line of JSON/);
    expect((await at("run numbers.ts --json")).code).toBe(0);
  });

  test("tamias alone shows the help, as an error", async () => {
    const { code, stdout, stderr } = await tamias([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("run [options] <job>");
  });

  test.each([
    ["rum numbers.ts", "Did you mean run?"],
    ["run", "missing required argument 'job'"],
    ["run --paralelism 2 numbers.ts", "Did you mean --parallelism?"],
    ["run --loud numbers.ts", "those that a job declares come after the job"],
    ["run numbers.ts --how-mani 3", "Did you mean --how-many?"],
    ["run numbers.ts --how-many three", "It must be a number."],
    ["run numbers.ts --how-many", "argument missing"],
    ["run numbers.ts three", 'a job takes options only, but got "three"'],
    ["run numbers.ts --parallelism 0", "It must be a whole number from 1 to 32768."],
    ["run numbers.ts --parallelism two", "It must be a whole number from 1 to 32768."],
    ["run --parallelism 1.5 numbers.ts", "It must be a whole number from 1 to 32768."],
    ["run nowhere.ts", "there is no file nowhere.ts (looked from "],
    ["explain nowhere.ts", "there is no file nowhere.ts (looked from "],
    ["run .", ". is not a file"],
    ["run numbers.ts --metrics nowhere/metrics.prom", "--metrics cannot write nowhere/metrics.prom: the folder nowhere does not exist"],
    ["run numbers.ts --metrics commonjs", "--metrics cannot write commonjs: "],
    ["explain numbers.ts --metrics m", "unknown option '--metrics'"],
    ["run numbers.ts --checkpoints ckpt", "It must be an address such as file:./ckpt; there is file:, s3:."],
    ["run numbers.ts --checkpoints file:", "It must be an address such as file:./ckpt"],
    ["run numbers.ts --checkpoints idb:here", "there is file:, s3:."],
    ["run numbers.ts --checkpoints memory:", "there is file:, s3:."],
    ["run numbers.ts --checkpoints file:./ckpt --checkpoint-interval 5", "It must be a whole number of milliseconds, 10 or more."],
    ["run numbers.ts --checkpoint-interval 100", "--checkpoint-interval needs --checkpoints"],
    ["run numbers.ts --fresh", "--fresh removes checkpoints: say where they are, with --checkpoints file:./ckpt"],
    ["run --from-savepoint here numbers.ts", "It must be an address such as file:./ckpt"],
    ["explain numbers.ts --checkpoints file:./ckpt", "unknown option '--checkpoints'"],
  ])("tamias %s is wrong usage", async (args, part) => {
    const { code, stdout, stderr } = await at(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(part);
    expect(stderr).toMatch(/^error: /);
    expectNoStackNoise(stderr);
    expect(existsSync(join(folder, "commonjs.tmp"))).toBe(false);
  });
});

describe("jobs that cannot run", () => {
  test.each([
    ["run pushed.ts", ['[NO_CLIENT] nobody can push records into its PushSource "clicks" where tamias run runs the job', "cluster.submit(new URL("]],
    ["run script-collecting.ts", ['[NO_CLIENT] execute() and executeAndCollect() give nobody a client to read its results "numbers"', "env.executeAsync()"]],
    ["run no-job.ts", ["[JOB_MODULE_INVALID] no-job.ts neither exports a job nor runs one", "export function job("]],
    ["explain no-job.ts", ["[JOB_MODULE_INVALID] no-job.ts neither exports a job nor runs one"]],
    ["run job-constant.ts", ['[JOB_MODULE_INVALID] job-constant.ts exports "job", but it is no function']],
    ["run odd-options.ts", ['[JOB_MODULE_INVALID] odd-options.ts declares an option "metrics", which it cannot have']],
    ["run empty-job.ts", ["[EMPTY_JOB] "]],
    ["explain empty-job.ts", ["[EMPTY_JOB] "]],
    ["run script-refused.ts", ["[EMPTY_JOB] "]],
    ["run throwing.ts", ["while it was imported", "throwing.ts:1:"]],
    ["run throwing.ts --help", ["while it was imported"]],
    ["run throwing-job.ts", ["while it was built", "throwing-job.ts:1:"]],
    ["run syntax.ts", ["syntax.ts:2", "env.fromElements(1.print()", "SyntaxError"]],
    ["run enum.ts", ["enum is not supported", "as const"]],
    ["run missing-import.ts", ["nothing.ts' imported from", "missing-import.ts"]],
    ["run missing-export.ts", ["does not provide an export named 'Nothing'"]],
    ["run stray.ts", ["dropped by the job", "stray.ts:3:"]],
    ["run numbers.ts --checkpoints file://elsewhere/ckpt", ["[INVALID_ARGUMENT] the address of a storage in files is file:PATH, such as file:./checkpoints"]],
    ["run numbers.ts --checkpoints file:./numbers.ts", ["[STORAGE_FAILED] cannot list ", 'numbers.ts": this is a file; a storage needs a folder']],
    ["run numbers.ts --from-savepoint file:./nowhere/savepoint", ["[INVALID_ARGUMENT] there is no savepoint file:./nowhere/savepoint"]],
  ])("tamias %s", async (args, parts) => {
    const { code, stdout, stderr } = await at(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^error: /);
    for (const part of parts) expect(stderr).toContain(part);
    expectNoStackNoise(stderr);
  });

  test("a job that fails names operator, subtask, record and timestamp, and the line of the job", async () => {
    const { code, stdout, stderr } = await at("run failing.ts");
    expect({ code, stdout }).toEqual({ code: 1, stdout: '{"id":1,"at":1000}\n' });
    expect(stderr).toContain('at operator "picky", subtask 1/1, record {"id":2,"at":2000}, timestamp 2000');
    expect(stderr).toMatch(/^error: \[USER_FUNCTION_FAILED\] RangeError: no twos\n/);
    expect(stderr).toMatch(/failing\.ts:7:\d+\)\n.*docs\/errors\.md explains USER_FUNCTION_FAILED\.\n$/);
    expect(existsSync(join(folder, /(\S+errors\.md) explains/.exec(stderr)![1]!)), stderr).toBe(true);
    expectNoStackNoise(stderr);
  });

  test.each([
    ["examples/log-analysis.ts", "/nowhere.log"],
    ["examples/flights.ts", "/nowhere.json"],
  ])("%s --input of a file that is not there names it", async (job, input) => {
    const { code, stderr } = await tamias(["run", job, "--input", input]);
    expect(code).toBe(1);
    expect(stderr.split("\n")[0]).toContain(input);
    expectNoStackNoise(stderr);
  });
});

describe("jobs that run", () => {
  test.each([
    ["run numbers.ts", "1\n2\n3\n"],
    ["run numbers.ts --how-many 2 --loud", "1!\n2!\n"],
    ["run commonjs/numbers.ts", "1\n2\n3\n"],
    ["run --parallelism 1 numbers.ts", "1\n2\n3\n"],
    ["run pending.ts", "done\n"],
    ["run executing-job.ts", "inner\n"],
    ["run script.ts --own option", "a\nb\nin place --own option\n"],
    ["run script-without-await.ts", "later\n"],
    ["run script-stopping.ts", "1\n2\n3\n"],
  ])("tamias %s", async (args, expected) => {
    expect(await at(args)).toEqual({ code: 0, signal: null, stdout: expected, stderr: "" });
  });

  test("--parallelism is of every operator that does not say its own", async () => {
    const { code, stdout } = await at("run numbers.ts --parallelism 2 --how-many 1000");
    expect(code).toBe(0);
    expect(
      stdout
        .split("\n")
        .slice(0, -1)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
  });

  test("results that a job hands to whoever submitted it are printed with their name", async () => {
    const { code, stdout } = await at("run collecting.ts");
    expect(code).toBe(0);
    expect(stdout).toBe(Array.from({ length: 5_000 }, (_, index) => `numbers> {"n":${index + 1}}\n`).join(""));
  });

  test("nothing of a large output is lost in a pipe", async () => {
    const { code, stdout } = await at("run numbers.ts --how-many 200000");
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("200000");
    expect(stdout.split("\n")).toHaveLength(200_001);
  });

  test.each(["script-failing.ts", "script-silent-failure.ts"])("a script's failed job counts: %s", async (name) => {
    const { code, stderr } = await at(`run ${name}`);
    expect(code).toBe(1);
    expect(stderr.match(/USER_FUNCTION_FAILED\] /g)).toHaveLength(1);
    expectNoStackNoise(stderr);
  });

  test("--metrics writes Prometheus text", async () => {
    expect((await at("run numbers.ts --metrics metrics.prom")).code).toBe(0);
    const text = readFileSync(join(folder, "metrics.prom"), "utf8");
    expect(text).toMatch(/^tamias_records_out_total\{job="numbers.ts",operator="Source: Sequence",uid="\w+",subtask="0"\} 3$/m);
    const seen = new Set<string>();
    let family = "";
    for (const line of text.trimEnd().split("\n")) {
      const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
      if (comment !== null) family = comment[2]!;
      const sample = /^([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*\}) (?:[-+]?[\d.]+(?:e[-+]?\d+)?|[-+]Inf|NaN)$/.exec(
        line,
      );
      expect(comment ?? sample, line).not.toBeNull();
      if (sample === null) continue;
      expect(sample[1]).toBe(family);
      expect(seen.has(line.slice(0, line.lastIndexOf(" ")))).toBe(false);
      seen.add(line.slice(0, line.lastIndexOf(" ")));
    }
    expect(seen.size).toBeGreaterThan(10);
  });
});

describe("explain", () => {
  test("prints chains, partitioning, windows and state of the log analysis, and reads nothing", async () => {
    const { code, stdout, stderr } = await tamias(["explain", "examples/log-analysis.ts", "--input", "/nowhere.log"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const part of [
      "Chain 1: 1 subtask, 128 key groups",
      '; rows: "',
      'side output "malformed"',
      "keyed state of the function, timers by key",
      "bounded out-of-orderness 10s",
    ]) {
      expect(stdout).toContain(part);
    }
  });

  test("names windows, lateness and aggregates of the flights", async () => {
    const { stdout } = await tamias([
      "explain",
      "examples/flights.ts",
      "--input",
      "node_modules/vega-datasets/data/flights-20k.json",
      "--parallelism",
      "2",
    ]);
    for (const part of [
      "TumblingEventTimeWindows(1h)",
      "1h\n",
      "mean = avg(delay)",
      'to the side output "too-late"',
      "2 subtasks",
      "panes by key and window",
    ])
      expect(stdout).toContain(part);
  });

  test("marks what is not reproducible, and names the uids that were set", async () => {
    const { stdout } = await at("explain periodic.ts");
    expect(stdout).toContain("emitted every 200ms of wall-clock time (not reproducible)");
    expect(stdout.match(/NOT REPRODUCIBLE:/g)).toHaveLength(2);
    expect(stdout).toContain('uid "by event"');
  });

  test.each(["script.ts", "script-without-await.ts", "script-failing.ts", "executing-job.ts"])(
    "a script's job is explained, not run: %s",
    async (name) => {
      const { code, stdout, stderr } = await at(`explain ${name}`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/^Job "/);
      expect(stdout).not.toMatch(/^(a|later|inner)$/m);
    },
  );

  test("--json prints the graph as one line of JSON", async () => {
    const { stdout } = await at("explain numbers.ts --json");
    expect(JSON.parse(stdout)).toMatchObject({ version: 0, jobName: "numbers.ts", mode: "STREAMING" });
  });
});

describe("ends from outside", () => {
  function startLifecycle(name: string): { readonly run: Running; readonly log: string; readonly output: string } {
    const log = join(folder, `${name}.log`);
    const output = join(folder, `${name}.jsonl`);
    const run = startTamias(["run", join(JOBS, "lifecycle.ts"), "--parallelism", "2", "--log", log, "--output", output]);
    return { run, log, output };
  }

  /** Every function and sink was opened once in each subtask, and closed once. */
  function expectClosed(log: string): void {
    const events = readFileSync(log, "utf8").trimEnd().split("\n").sort();
    const each = (event: string): string[] => [`${event} map 0`, `${event} map 1`, `${event} sink 0`, `${event} sink 1`];
    expect(events).toEqual([...each("close"), ...each("open")]);
  }

  function expectWholeLines(output: string): void {
    for (const part of ["1-of-2", "2-of-2"]) {
      const path = output.replace(".jsonl", `-${part}.jsonl`);
      if (!existsSync(path)) continue;
      const text = readFileSync(path, "utf8");
      expect(text === "" || text.endsWith("\n")).toBe(true);
      for (const line of text.split("\n").slice(-3, -1)) expect(JSON.parse(line)).toHaveProperty("n");
    }
  }

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends with %i after every close has run once; no file ends in half a line", async (signal, code) => {
    const { run, log, output } = startLifecycle(signal);
    await run.printed(/\d0000 records\n(.*\n)+/);
    run.process.kill(signal);
    const ended = await run.ended;
    expect(ended).toMatchObject({ code, signal: null, stderr: "canceled\n" });
    expect(ended.stdout.endsWith(" records\n")).toBe(true);
    expectClosed(log);
    expectWholeLines(output);
  });

  test("a second Ctrl-C is no more than the first", async () => {
    const { run, log } = startLifecycle("twice");
    await run.printed("records\n");
    run.process.kill("SIGINT");
    run.process.kill("SIGINT");
    expect((await run.ended).code).toBe(130);
    expectClosed(log);
  });

  test("Ctrl-C while a module is still imported ends it too", async () => {
    writeFileSync(
      join(folder, "slow-import.ts"),
      'console.log("importing");\nawait new Promise((resolve) => setTimeout(resolve, 1e9));\nexport function job(): void {}',
    );
    const run = startTamias(["run", join(folder, "slow-import.ts")]);
    await run.printed("importing");
    run.process.kill("SIGINT");
    expect(await run.ended).toMatchObject({ code: 130, stderr: "canceled\n" });
  });

  test("a reader that goes away ends the job quietly, closed", async () => {
    const log = join(folder, "head.log");
    const command = `'${process.execPath}' '${MAIN}' run '${join(JOBS, "lifecycle.ts")}' --parallelism 2 --log '${log}' | head -1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await new Running("bash", ["-c", command]).ended;
    // Either of the two subtasks may be the first to write.
    expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(/^(5000000)?10000 records\n0\n$/), stderr: "" });
    expectClosed(log);
  });
});

test("npx tamias, from the folder of the package, is this command line on the Node of its own packages", async () => {
  writeFileSync(join(folder, "version.mjs"), "export function job(env) { env.fromElements(process.version).print(); }");
  // A first run in a clone, which needs nothing of the network.
  const env = { npm_config_cache: join(folder, "npm"), npm_config_offline: "true" };
  const { code, stdout } = await new Running("npx", ["tamias", "run", join(folder, "version.mjs")], { env }).ended;
  const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules/node/package.json"), "utf8")) as { version: string };
  expect({ code, stdout }).toEqual({ code: 0, stdout: `v${version}\n` });
});
