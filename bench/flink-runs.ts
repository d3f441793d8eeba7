import { spawnSync } from "node:child_process";
import { ROOT, lastLineOf, outputOf, timeToFirstOutput } from "./child-process.ts";
import type { RunReport } from "./variant.ts";
import type { Work } from "./works.ts";

/** The works on Apache Flink 2.3.0, by the Java program in flink/: Flink as it is fastest on one slot. */

export const FLINK_VERSION = "2.3.0";
export const FLINK_NOTE: string =
  `Apache Flink ${FLINK_VERSION}, one slot at its best: parallelism 1, heap state, object reuse with reused events, everything in ` +
  "one chain (the key is declared with reinterpretAsKeyedStream, so nothing is shuffled), punctuated watermarks, 128 events a " +
  "poll, a warm-up run in the same JVM; timed from the first event to the last result.";

const JAVA_MAJOR_MIN = 17;
/** Long enough for the JIT compilers; a quarter where each event goes into many windows, which takes many times as long. */
const WARM_UP_EVENTS_MAX = 2_000_000;

/** What is missing to run Flink here, all of it as a sentence; undefined where nothing is. */
export function missingForFlink(): string | undefined {
  const isMissing = (program: string): boolean => spawnSync(program, ["-version"]).error !== undefined;
  const missing: string[] = [];
  const java = spawnSync("java", ["-version"], { encoding: "utf8" });
  const major = Number(/version "(\d+)/.exec(java.stderr ?? "")?.[1] ?? 0);
  if (java.error !== undefined) missing.push(`Flink needs a JDK ${JAVA_MAJOR_MIN} or later, and there is no "java" on the PATH`);
  else if (major < JAVA_MAJOR_MIN) missing.push(`Flink needs a JDK ${JAVA_MAJOR_MIN} or later, and "java" is version ${major}`);
  else if (isMissing("javac")) missing.push(`Flink's job needs a JDK to be built, and there is only a Java runtime (no "javac" on the PATH)`);
  if (isMissing("mvn")) missing.push(`Flink's job is built with Maven, and there is no "mvn" on the PATH`);
  return missing.length === 0 ? undefined : missing.join("; ");
}

/** Builds the job and fetches Flink; rejects with what Maven says. */
export async function buildFlink(): Promise<void> {
  await outputOf("mvn", ["-q", "-B", "-f", "bench/flink/pom.xml", "package"]).catch((cause: unknown) => {
    throw new Error(`Maven could not build bench/flink (its jars come from Maven Central): ${String(cause)}`);
  });
}

export function runFlink(work: Work, events: number): Promise<RunReport> {
  const isSlow = work.slideMs < work.sizeMs;
  const warmUp = Math.min(isSlow ? WARM_UP_EVENTS_MAX / 4 : WARM_UP_EVENTS_MAX, Math.floor(events / 4));
  return outputOf("java", argumentsOf(work, [`events=${events}`, `warmUp=${warmUp}`])).then(
    (output) => JSON.parse(lastLineOf(output)) as RunReport,
  );
}

/** Time from process start to the first window result, ms. */
export function firstResultOfFlink(work: Work): Promise<number> {
  return timeToFirstOutput("java", argumentsOf(work, ["events=500000", "warmUp=0", "sayFirst=true"]));
}

function argumentsOf(work: Work, more: readonly string[]): string[] {
  const fields = Object.entries(work).map(([name, value]) => `${name}=${String(value)}`);
  const opened = ["java.base/java.util", "java.base/java.lang"].map((module) => `--add-opens=${module}=ALL-UNNAMED`);
  const folder = `${ROOT}/.cache/flink`;
  // Of its collectors the parallel one gives Flink the most here.
  return [
    "-Xmx2g",
    "-XX:+UseParallelGC",
    ...opened,
    "-cp",
    `${folder}/flink-bench.jar:${folder}/dependency/*`,
    "bench.FlinkBench",
    ...fields,
    ...more,
  ];
}
