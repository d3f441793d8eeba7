import { expect, test } from "vitest";
import { callbackSink, StreamExecutionEnvironment } from "tamias";

/** Resolves at the next turn of the platform. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("the job ends when the last write has, and writes are one after the other", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const log: string[] = [];
  env.fromSequence(1, 20).sinkTo(
    callbackSink(async (n: number) => {
      log.push(`begin ${n}`);
      await turn();
      log.push(`end ${n}`);
    }),
  );
  await env.execute();
  expect(log).toEqual(Array.from({ length: 20 }, (_, n) => [`begin ${n + 1}`, `end ${n + 1}`]).flat());
});

test("a promise that rejects fails the job, naming operator and record", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env
    .fromElements({ id: 1 }, { id: 2 }, { id: 3 })
    .sinkTo(
      callbackSink(async ({ id }: { id: number }) => {
        await turn();
        if (id === 2) throw new Error("the database is down");
      }),
    )
    .name("database");
  await expect(env.execute()).rejects.toMatchObject({
    code: "USER_FUNCTION_FAILED",
    reason: "Error: the database is down",
    place: { operator: "database", subtask: 0, record: '{"id":2}' },
  });
});
