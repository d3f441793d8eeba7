import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { type ShuffledRow, rowsOf } from "./shuffled-rows.ts";

/** One of two threads that send each other arrays of rows, a few on the way at a time. */
export interface ClonerData {
  readonly port: MessagePort;
  readonly records: number;
}

/** As many as a channel of the engine has. */
const CREDITS = 4;
const CREDIT = null;

if (parentPort === null) throw new Error("this is the script of a thread");
const starter = parentPort;
const { port, records } = workerData as ClonerData;
const keys = Int32Array.from({ length: 10_000 }, (_, key) => key);
let [made, seen, sum, credit] = [0, 0, 0, CREDITS];

function send(): void {
  while (0 < credit && made < records) {
    const rows = rowsOf(keys, made, records);
    made += rows.length;
    credit -= 1;
    port.postMessage(rows);
  }
}

port.on("message", (message: readonly ShuffledRow[] | typeof CREDIT) => {
  if (message === CREDIT) {
    credit += 1;
    send();
  } else {
    for (const { key, value, time } of message) sum += key + value + time;
    seen += message.length;
    port.postMessage(CREDIT);
  }
  if (seen === records && made === records && credit === CREDITS) report();
});

function report(): void {
  starter.postMessage(sum);
  [made, seen, sum] = [0, 0, 0];
}

starter.on("message", send);
