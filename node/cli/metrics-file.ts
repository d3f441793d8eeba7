import { renameSync, writeFileSync } from "node:fs";
import type { JobClient } from "../../core/index.ts";
import { UsageError } from "./job-loader.ts";

const METRICS_INTERVAL_MS = 1_000;

/** Keeps a file of Prometheus text up to date; it is replaced as a whole, so that a reader never sees half of it. */
export function keepMetrics(file: string, clients: readonly JobClient[]): { stop(): void } {
  const write = (): void => {
    const temporary = `${file}.tmp`;
    writeFileSync(temporary, clients.map((client) => client.metricsText()).join(""));
    renameSync(temporary, file);
  };
  try {
    write();
  } catch (cause) {
    throw new UsageError(`--metrics cannot write ${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const timer = setInterval(write, METRICS_INTERVAL_MS);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      write();
    },
  };
}
