// A plain ESM program that embeds a job, run by Node alone: first a loop over all rows, then one that is left early, then one that a signal ends.
import { RichMapFunction, StreamExecutionEnvironment, sum } from "tamias";

class Noted extends RichMapFunction {
  map(n) {
    return n;
  }

  close() {
    console.log("closed");
  }
}

const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism: 2 });
const totals = new Map();
const sums = env
  .fromCollection([1, 2, 3, 4, 5])
  .map((n) => ({ parity: n % 2, n }))
  .keyBy((r) => r.parity)
  .sum("n");
for await (const { parity, n } of sums.executeAndCollect()) totals.set(parity, n);
console.log(JSON.stringify([...totals].sort()));

const endless = StreamExecutionEnvironment.getExecutionEnvironment().fromSequence(1, 1_000_000_000_000).map(new Noted());
for await (const n of endless.executeAndCollect()) {
  console.log(n);
  if (n === 2) break;
}

const controller = new AbortController();
try {
  for await (const n of endless.executeAndCollect({ signal: controller.signal })) {
    if (n === 1_000) controller.abort(new Error("enough"));
  }
} catch (error) {
  console.log(error.code, error.cause.message, typeof sum);
}
