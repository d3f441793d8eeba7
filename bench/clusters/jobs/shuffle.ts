import { BatchEncoder, WatermarkStrategy, type ColumnBatch, type JobArgs, type SourceReaderContext, type StreamExecutionEnvironment } from "tamias";
import { keyId } from "../../../core/data/key.ts";
import { keyGroupOf, subtaskOf } from "../../../core/state/key-groups.ts";
import { type ShuffledRow, ShuffledColumns, rowsOf } from "../shuffled-rows.ts";
import { type Maker, madeHere } from "./made-here.ts";
import { type Observer, reportingSink } from "./reporting-sink.ts";

/** Each of two subtasks makes records, as rows or as columns, with keys of the other: all of them go over, both ways at once. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const records = Number(args["records"]);
  const inColumns = args["form"] === "columns";
  const makerOf = inColumns ? columnMaker : rowMaker;
  env
    .fromSource(madeHere<ShuffledRow>("rows", inColumns, (context) => makerOf(context, records)), WatermarkStrategy.noWatermarks(), "rows")
    .keyBy("key")
    .sinkTo(reportingSink("seen", observer));
}

function rowMaker(context: SourceReaderContext, records: number): Maker<ShuffledRow> {
  const keys = keysOfOther(context);
  let made = 0;
  return (output) => {
    if (records <= made) return "END_OF_INPUT";
    const rows = rowsOf(keys, made, records);
    made += rows.length;
    output.collectAll(rows);
    return "MORE_AVAILABLE";
  };
}

function columnMaker(context: SourceReaderContext, records: number): Maker<ShuffledRow> {
  const columns = new ShuffledColumns(keysOfOther(context), records);
  const encoder = new BatchEncoder();
  return (output) => {
    const arrays = columns.next();
    if (arrays === undefined) return "END_OF_INPUT";
    if (!output.collectColumns(encoder.encode(arrays))) columns.renew();
    return "MORE_AVAILABLE";
  };
}

/** Keys that belong to the other subtask of two. */
function keysOfOther({ subtaskIndex, parallelism }: SourceReaderContext): Int32Array {
  if (parallelism !== 2) throw new Error("two subtasks exchange records");
  const keys = Array.from({ length: 20_000 }, (_, key) => key);
  return Int32Array.from(keys.filter((key) => subtaskOf(keyGroupOf(keyId(key), 128), 2, 128) !== subtaskIndex));
}

/** How many records came to one subtask, and the sum of all their numbers. */
export interface Seen {
  readonly records: number;
  readonly sum: number;
}

function observer(): Observer<ShuffledRow, Seen> {
  let [records, sum] = [0, 0];
  return {
    see({ key, value, time }) {
      records += 1;
      sum += key + value + time;
    },
    seeColumns(batch) {
      records += batch.length;
      sum += sumOf(batch, "key") + sumOf(batch, "value") + sumOf(batch, "time");
    },
    report: () => ({ records, sum }),
  };
}

function sumOf(batch: ColumnBatch, name: string): number {
  const column = batch.column(name);
  if (column?.kind !== "f64" && column?.kind !== "i32") throw new Error(`${name} is a column of numbers`);
  let sum = 0;
  for (let index = 0; index < batch.length; index += 1) sum += column.values[batch.rowOf(index)]!;
  return sum;
}
