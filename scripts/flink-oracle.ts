import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { FlinkAnswer, FlinkWindowCase } from "../test/operators/flink-window-case.ts";

/**
 * A program that runs window cases on Apache Flink's own operator test harness: `flink-op-oracle` in the folder given. It reads
 * one case a line as JSON (see test/operators/flink-window-case.ts) and answers with one line, `{id, out: [[step, kind, …]],
 * error?}`, in the order of the cases.
 */
export class FlinkOracle {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  /** @throws Error where the folder holds no such program. */
  constructor(folder: string) {
    const program = join(folder, "flink-op-oracle");
    if (!existsSync(program))
      throw new Error(`there is no ${program}: name the folder of the oracle by --oracle DIR or TAMIAS_FLINK_ORACLE`);
    this.#process = spawn(program, { stdio: ["pipe", "pipe", "ignore"] });
    this.#answers = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  /** Answers of all cases, in their order. */
  async ask(cases: readonly FlinkWindowCase[]): Promise<FlinkAnswer[]> {
    this.#process.stdin!.write(cases.map((each) => `${JSON.stringify(each)}\n`).join(""));
    const answers: FlinkAnswer[] = [];
    for (const { id } of cases) {
      const line = await this.#answers.next();
      if (line.done === true) throw new Error("the oracle has ended; run it by hand to see why");
      const answer = JSON.parse(line.value) as FlinkAnswer;
      if (answer.id !== id) throw new Error(`the oracle answered ${answer.id} where ${id} was asked`);
      answers.push(answer);
    }
    return answers;
  }

  close(): void {
    this.#process.stdin!.end();
  }
}
