import type { CheckpointReport, CheckpointStatistics } from "./checkpoint-report.ts";

/** What has become of the checkpoints of a job, over its attempts. */
export class CheckpointHistory {
  #report: CheckpointReport = { completed: 0, failed: 0, restored: 0, last: undefined, lastFailure: undefined };

  get report(): CheckpointReport {
    return this.#report;
  }

  completed(last: CheckpointStatistics): void {
    this.#report = { ...this.#report, completed: this.#report.completed + 1, last };
  }

  failed(lastFailure: string): void {
    this.#report = { ...this.#report, failed: this.#report.failed + 1, lastFailure };
  }

  restored(): void {
    this.#report = { ...this.#report, restored: this.#report.restored + 1 };
  }
}
