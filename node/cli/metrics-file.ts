import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { JobClient, MetricsRow } from "../../core/index.ts";
import { prometheusText } from "../../core/metrics/prometheus.ts";
import { UsageError } from "./report.ts";

const METRICS_INTERVAL_MS = 1_000;

/**
 * Keeps a file of Prometheus text up to date; it is replaced as a whole, so that a reader never sees half of it.
 *
 * @throws UsageError where the file cannot be written. Later it is only said: metrics do not stop a job.
 */
export function keepMetrics(file: string, clients: readonly JobClient[]): { stop(): void } {
  const first = replaceFile(file, "");
  if (first !== undefined) throw new UsageError(`--metrics cannot write ${file}: ${first}`);
  let isBroken = false;
  const write = (): void => {
    const problem = replaceFile(file, prometheusText(rowsOf(clients)));
    if (problem !== undefined && !isBroken)
      process.stderr.write(`warning: --metrics cannot write ${file} any more: ${problem}\n`);
    isBroken = problem !== undefined;
  };
  const timer = setInterval(write, METRICS_INTERVAL_MS);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      write();
    },
  };
}

/** Returns why it could not be done. */
function replaceFile(file: string, text: string): string | undefined {
  const temporary = `${file}.tmp`;
  if (!existsSync(dirname(file))) return `the folder ${dirname(file)} does not exist; create it first`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, file);
    return undefined;
  } catch (cause) {
    rmSync(temporary, { force: true });
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** Of jobs with the same name the newest: a metric has one sample for each set of labels. */
function rowsOf(clients: readonly JobClient[]): MetricsRow[] {
  const newest = new Map<string, readonly MetricsRow[]>();
  for (const client of clients) {
    const rows = client.metrics();
    const job = rows[0]?.job;
    if (job !== undefined) newest.set(job, rows);
  }
  return [...newest.values()].flat();
}
