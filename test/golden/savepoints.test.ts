import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { goldenRun, goldenSavepoint } from "./golden-job.ts";

/** Savepoints that earlier versions wrote, each with what had come out by then. They are never changed: what was written must be read. */
const FOLDER = fileURLToPath(new URL("./savepoints", import.meta.url));
/** Named after the version of the stored format. `WRITE_GOLDEN=1` writes those of the present one where there are none. */
const PRESENT = "format-1";

const whole = goldenRun();
whole.host.runUntilIdle();
const expected = [...whole.lines].sort();

if (process.env["WRITE_GOLDEN"] !== undefined && !existsSync(`${FOLDER}/${PRESENT}.savepoint`)) {
  const run = goldenRun({ parallelism: 2 });
  const { bytes } = await goldenSavepoint(run);
  writeFileSync(`${FOLDER}/${PRESENT}.savepoint`, bytes);
  writeFileSync(`${FOLDER}/${PRESENT}.json`, `${JSON.stringify(run.lines, undefined, 1)}\n`);
}

test("the job gives enough of everything", () => {
  for (const branch of ["states", "tumbling", "sliding", "sessions", "count"]) expect(expected.filter((line) => line.startsWith(branch)).length).toBeGreaterThan(15);
});

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".savepoint"))) {
  for (const parallelism of [1, 2, 3]) {
    test(`${file} goes on at parallelism ${parallelism}`, () => {
      const before = JSON.parse(readFileSync(`${FOLDER}/${file.replace(".savepoint", ".json")}`, "utf8")) as string[];
      const run = goldenRun({ parallelism, "execution.state-recovery.path": new Uint8Array(readFileSync(`${FOLDER}/${file}`)) });
      run.host.runUntilIdle();
      expect(run.client.getJobStatus()).toBe("FINISHED");
      expect([...before, ...run.lines].sort()).toEqual(expected);
    });
  }
}

test("what is written now is read too", async () => {
  const run = goldenRun({ parallelism: 2 });
  const { bytes } = await goldenSavepoint(run);
  const next = goldenRun({ parallelism: 3, "execution.state-recovery.path": bytes });
  next.host.runUntilIdle();
  expect([...run.lines, ...next.lines].sort()).toEqual(expected);
});
