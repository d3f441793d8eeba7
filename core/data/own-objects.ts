import { ColumnBatch } from "./column-batch.ts";
import { objectColumn } from "./column.ts";
import { copied } from "./copied.ts";

/** The same batch with copies of its objects, which a function may change; the batch itself, which nobody changes, where it has none. */
export function withOwnObjects(batch: ColumnBatch): ColumnBatch {
  if (batch.columns.every((column) => column.kind !== "object")) return batch;
  const { layout, rowCount, timestamps, watermarks, selection } = batch;
  const columns = batch.columns.map((column) => {
    if (column.kind !== "object") return column;
    const values = new Array<unknown>(rowCount).fill(null);
    for (let record = 0; record < batch.length; record += 1) values[batch.rowOf(record)] = copied(column.values[batch.rowOf(record)]);
    return objectColumn(values);
  });
  return new ColumnBatch({ layout, rowCount, columns, timestamps, watermarks, selection });
}
