/** What a job with more than one chain needs: one part. */
export { LocalChannel } from "./channel.ts";
export { InputGate } from "./input-gate.ts";
export { RecordWriter } from "./record-writer.ts";
