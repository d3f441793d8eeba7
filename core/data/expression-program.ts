import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { BatchLayout, ColumnBatch } from "./column-batch.ts";
import { boolColumn, type Column, type ColumnKind, f64Column, i64Column, objectColumn } from "./column.ts";
import { compileForColumns, type Step } from "./expression-columns.ts";
import { columnNamesOf, type ExpressionNode, showExpression } from "./expression-node.ts";
import { compileForRows, type RowExpression } from "./expression-rows.ts";
import { NULL, type Rows, TRUE } from "./expression-vectors.ts";
import type { Expression } from "./expression.ts";
import { allValid, markAbsent } from "./validity.ts";

/** A batch of which fewer than one row in this many is selected is computed row by row of the selection. */
const SPARSE = 4;

/** A condition, for records and for batches. Where `columns` throws, some record makes `row` throw. */
export interface FilterProgram {
  /** Whether the condition is true: false and null are not. */
  readonly row: (record: unknown) => boolean;
  /** The same batch, with fewer rows selected. */
  readonly columns: (batch: ColumnBatch) => ColumnBatch;
}

/** One value of each record, for records and for batches. Where `columns` throws, some record makes `row` throw. */
export interface ValueProgram {
  readonly row: RowExpression;
  /** Made anew, or shared where the value is a column of the batch. In rows that are not selected anything may stand. */
  readonly columns: (batch: ColumnBatch) => Column;
}

/** @throws JobError INVALID_ARGUMENT, when it runs, for a condition that is neither boolean nor null. */
export function compileFilter<T>(condition: Expression<T, boolean | null | undefined, string | undefined>): FilterProgram {
  const { node } = condition;
  const value = compileForRows(node);
  const row = (record: unknown): boolean => {
    const verdict = value(record);
    if (typeof verdict !== "boolean" && verdict !== null) throw noCondition(node, verdict);
    return verdict === true;
  };
  const program = new ColumnProgram(node);
  let found = new Int32Array(0);
  return {
    row,
    columns(batch) {
      const step = program.stepFor(batch);
      if (step?.kind !== "bool") return selected(batch, (at) => row(batch.rowAt(at)));
      const { values } = step.run(batch, rowsFor(step, batch));
      if (found.length < batch.length) found = new Int32Array(batch.length);
      return selectTrue(batch, values, found);
    },
  };
}

/** @throws JobError as the expression does. */
export function compileValue(expression: Expression<never, unknown, string | undefined>): ValueProgram {
  const { node } = expression;
  const row = valueOfRows(node);
  const program = new ColumnProgram(node);
  return { row, columns: (batch) => passedOn(node, batch) ?? computedColumn(program, row, batch) };
}

/** A column by itself is passed on as it is, undefined included; what is computed is null where it has no value. */
function valueOfRows(node: ExpressionNode): RowExpression {
  if (node.op !== "column") return compileForRows(node);
  const { name } = node;
  return (record) => (record as Record<string, unknown>)[name];
}

/** The loops of one expression, made anew when the columns it reads change their kinds: mostly once. */
class ColumnProgram {
  readonly #node: ExpressionNode;
  readonly #names: readonly string[];
  #layout: BatchLayout | undefined;
  #kinds: (ColumnKind | undefined)[] = [];
  #step: Step | undefined;

  constructor(node: ExpressionNode) {
    this.#node = node;
    this.#names = [...columnNamesOf(node)];
  }

  /** Undefined: there are no loops for columns of these kinds. */
  stepFor(batch: ColumnBatch): Step | undefined {
    if (this.#fits(batch)) return this.#step;
    this.#layout = batch.layout;
    this.#kinds = this.#names.map((name) => kindOf(batch, name));
    this.#step = compileForColumns(this.#node, batch);
    return this.#step;
  }

  #fits(batch: ColumnBatch): boolean {
    if (batch.layout !== this.#layout) return false;
    for (let index = 0; index < this.#names.length; index += 1) {
      if (kindOf(batch, this.#names[index]!) !== this.#kinds[index]) return false;
    }
    return true;
  }
}

/** Both kinds of numbers have the same loops. */
function kindOf(batch: ColumnBatch, name: string): ColumnKind | undefined {
  const kind = batch.column(name)?.kind;
  return kind === "i32" ? "f64" : kind;
}

/** All rows where that costs little and cannot fail; their values are not looked at. */
function rowsFor(step: Step, batch: ColumnBatch): Rows {
  const { selection, rowCount, length } = batch;
  if (selection === undefined || (!step.fails && rowCount <= SPARSE * length)) return { selection: undefined, count: rowCount };
  return { selection, count: length };
}

/** `found` is scratch memory. */
function selectTrue(batch: ColumnBatch, values: Uint8Array, found: Int32Array): ColumnBatch {
  const { selection, length } = batch;
  let count = 0;
  // The row is written in any case and counts only if it passed, so that there is no branch to be guessed wrong. Of the three
  // values, true alone is odd.
  if (selection === undefined) {
    for (let row = 0; row < length; row += 1) {
      found[count] = row;
      count += values[row]! & TRUE;
    }
  } else {
    for (let index = 0; index < length; index += 1) {
      const row = selection[index]!;
      found[count] = row;
      count += values[row]! & TRUE;
    }
  }
  return count === length ? batch : batch.select(found.slice(0, count));
}

function selected(batch: ColumnBatch, passes: (row: number) => boolean): ColumnBatch {
  const rows = new Int32Array(batch.length);
  let count = 0;
  for (let index = 0; index < batch.length; index += 1) {
    const row = batch.rowOf(index);
    if (passes(row)) rows[count++] = row;
  }
  return count === batch.length ? batch : batch.select(rows.subarray(0, count));
}

/** A column by itself is shared with the batch it comes from. */
function passedOn(node: ExpressionNode, batch: ColumnBatch): Column | undefined {
  return node.op === "column" ? batch.column(node.name) : undefined;
}

function computedColumn(program: ColumnProgram, value: RowExpression, batch: ColumnBatch): Column {
  const step = program.stepFor(batch);
  if (step === undefined || step.kind === "string") return columnOfRows(value, batch);
  const { rowCount } = batch;
  const rows = rowsFor(step, batch);
  switch (step.kind) {
    case "f64": {
      const { values, nulls } = step.run(batch, rows);
      return f64Column(values.slice(0, rowCount), validityOf(nulls, 1, rowCount), null);
    }
    case "i64": {
      const { values, nulls } = step.run(batch, rows);
      return i64Column(values.slice(0, rowCount), validityOf(nulls, 1, rowCount), null);
    }
    case "bool": {
      const { values } = step.run(batch, rows);
      return boolColumn(values.slice(0, rowCount), validityOf(values, NULL, rowCount), null);
    }
  }
}

/** Bits of a vector in which a byte says that there is no value; undefined where no row is so. */
function validityOf(bytes: Uint8Array | undefined, absent: number, rowCount: number): Uint8Array | undefined {
  let validity: Uint8Array | undefined;
  if (bytes === undefined) return undefined;
  for (let row = 0; row < rowCount; row += 1) {
    if (bytes[row] !== absent) continue;
    validity ??= allValid(rowCount);
    markAbsent(validity, row);
  }
  return validity;
}

/** Whatever the rows give, for the rows that count. */
function columnOfRows(value: RowExpression, batch: ColumnBatch): Column {
  const values = new Array<unknown>(batch.rowCount).fill(null);
  for (let index = 0; index < batch.length; index += 1) {
    const row = batch.rowOf(index);
    values[row] = value(batch.rowAt(row));
  }
  return objectColumn(values);
}

function noCondition(node: ExpressionNode, value: unknown): JobError {
  return new JobError("INVALID_ARGUMENT", `filter takes what is true or false of each record, but ${showExpression(node)} is ${show(value)}; compare it with something, as in col("delay").gt(30)`);
}
