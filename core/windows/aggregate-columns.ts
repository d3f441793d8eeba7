import type { ColumnBatch } from "../data/column-batch.ts";
import type { Column } from "../data/column.ts";
import { InvariantViolation } from "../lib/assert.ts";
import type { BuiltInAggregate } from "./built-in-aggregates.ts";

/**
 * What finds or computes, for a batch, the column of values of each aggregate, in order. Undefined for `count`, which needs none, and where the
 * values have to be asked of records: a function computes them, the batch has no such column, or the expression fails for a record, which
 * adding the records one by one will name. Aggregates of one expression share its column.
 *
 * Values stand at their row, whatever is selected; in rows that are not selected anything may stand.
 */
export function aggregateColumns(aggregates: readonly BuiltInAggregate[]): (batch: ColumnBatch) => readonly (Column | undefined)[] {
  const makers = new Map<string, (batch: ColumnBatch) => Column | undefined>();
  for (const { expression } of aggregates) {
    if (expression === undefined || makers.has(String(expression))) continue;
    const program = expression.compiler.value(expression);
    makers.set(String(expression), (batch) => unlessItFails(() => program.columns(batch)));
  }
  const texts = aggregates.map(({ expression }) => (expression === undefined ? undefined : String(expression)));
  return (batch) => {
    const computed = new Map<string, Column | undefined>();
    for (const [text, make] of makers) computed.set(text, make(batch));
    return aggregates.map(({ field }, index) => {
      if (field !== undefined) return batch.column(field);
      const text = texts[index];
      return text === undefined ? undefined : computed.get(text);
    });
  };
}

function unlessItFails(compute: () => Column): Column | undefined {
  try {
    return compute();
  } catch (cause) {
    if (cause instanceof InvariantViolation) throw cause;
    return undefined;
  }
}
