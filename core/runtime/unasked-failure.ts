import type { Host } from "../host/host.ts";
import type { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";

/** So long, ms, after a job has failed somebody may come to ask what has become of it. */
const ASKED_WITHIN_MS = 1_000;

/**
 * A failure that is no rejection of a promise that anybody has asked for is printed. A rejection that nobody handles would be the platform's to tell of; Node ends the process then, which
 * is too much for one job of a server's.
 */
export function warnUnlessAsked(host: Host, jobName: string, error: JobError, isAsked: () => boolean): void {
  const { clock, scheduler } = host;
  const warn = (): void => {
    if (!isAsked()) host.warn(`Tamias: the job ${show(jobName)} has failed, and nothing awaits its result(): ${error.message}`);
  };
  // A job may fail while it is submitted: its client comes after that.
  scheduler.post(() => void (isAsked() || scheduler.at(clock.now() + ASKED_WITHIN_MS, warn)));
}
