import type { ColumnBatch } from "./column-batch.ts";
import type { Column } from "./column.ts";
import { type Arithmetic, type BinaryNode, type Comparison, type ExpressionNode, int64Arithmetic, type Scalar } from "./expression-node.ts";
import {
  addNumbers,
  atMostNumbers,
  type BigintVector,
  type BooleanVector,
  connect,
  divideNumbers,
  eitherNull,
  equalNumbers,
  FALSE,
  forEachRow,
  lessNumbers,
  lookUp,
  maskNulls,
  multiplyNumbers,
  negate,
  NULL,
  type NumberVector,
  type Rows,
  type StringVector,
  subtractNumbers,
  TRUE,
} from "./expression-vectors.ts";
import { isValid, type Validity } from "./validity.ts";

/** Computes some rows of a batch. The vector is the step's own, and is written over when it runs again. */
type Run<V> = (batch: ColumnBatch, rows: Rows) => V;

/** A part of an expression, made for columns of certain kinds. */
export type Step =
  | { readonly kind: "f64"; readonly fails: boolean; readonly run: Run<NumberVector> }
  | { readonly kind: "i64"; readonly fails: boolean; readonly run: Run<BigintVector> }
  | { readonly kind: "bool"; readonly fails: boolean; readonly run: Run<BooleanVector> }
  | { readonly kind: "string"; readonly fails: boolean; readonly run: Run<StringVector>; readonly text?: string };

type StepOf<K extends Step["kind"]> = Extract<Step, { readonly kind: K }>;

/**
 * The loops of an expression over batches whose columns have the kinds of this one, numbers of both kinds counting as one.
 * Undefined where there are none for them: closures over rows compute it then. `fails`: it can throw, so only the rows that are
 * asked for may be computed.
 */
export function compileForColumns(node: ExpressionNode, batch: ColumnBatch): Step | undefined {
  switch (node.op) {
    case "column":
      return columnStep(batch, node.name);
    case "literal":
      return literalStep(node.value);
    case "isNull":
      return isNullStep(compileForColumns(node.operand, batch));
    case "not": {
      const operand = compileForColumns(node.operand, batch);
      return operand?.kind === "bool" ? notStep(operand) : undefined;
    }
    case "and":
    case "or": {
      const left = compileForColumns(node.left, batch);
      const right = compileForColumns(node.right, batch);
      return left?.kind === "bool" && right?.kind === "bool" ? connectiveStep(node.op, left, right) : undefined;
    }
    case "ifNull": {
      const left = compileForColumns(node.left, batch);
      const right = compileForColumns(node.right, batch);
      return left === undefined || right === undefined ? undefined : ifNullStep(left, right);
    }
    default: {
      const left = compileForColumns(node.left, batch);
      const right = compileForColumns(node.right, batch);
      return left === undefined || right === undefined ? undefined : operatorStep(node, left, right);
    }
  }
}

/** Memory of a step, as long as the longest batch so far. */
class Scratch {
  f64 = new Float64Array(0);
  i64 = new BigInt64Array(0);
  bytes = new Uint8Array(0);
  nulls = new Uint8Array(0);

  growF64(length: number): Float64Array {
    if (this.f64.length < length) this.f64 = new Float64Array(length);
    return this.f64;
  }

  growI64(length: number): BigInt64Array {
    if (this.i64.length < length) this.i64 = new BigInt64Array(length);
    return this.i64;
  }

  growBytes(length: number): Uint8Array {
    if (this.bytes.length < length) this.bytes = new Uint8Array(length);
    return this.bytes;
  }

  growNulls(length: number): Uint8Array {
    if (this.nulls.length < length) this.nulls = new Uint8Array(length);
    return this.nulls;
  }
}

function columnStep(batch: ColumnBatch, name: string): Step | undefined {
  const index = batch.layout.indexOf(name);
  const scratch = new Scratch();
  const nullsOf = (column: Column, { rowCount }: ColumnBatch): Uint8Array | undefined =>
    column.validity === undefined ? undefined : invalidRows(column.validity, scratch.growNulls(rowCount), rowCount);
  switch (batch.columns[index]?.kind) {
    case "f64":
    case "i32":
      return {
        kind: "f64",
        fails: false,
        run(given) {
          const column = given.columns[index] as Extract<Column, { kind: "f64" | "i32" }>;
          // The loops see doubles only; the copy is one call, and exact.
          let values = column.values;
          if (values instanceof Int32Array) {
            const doubles = scratch.growF64(given.rowCount);
            doubles.set(values.length === given.rowCount ? values : values.subarray(0, given.rowCount));
            values = doubles;
          }
          return { values, nulls: nullsOf(column, given) };
        },
      };
    case "i64":
      return {
        kind: "i64",
        fails: false,
        run(given) {
          const column = given.columns[index] as Extract<Column, { kind: "i64" }>;
          return { values: column.values, nulls: nullsOf(column, given) };
        },
      };
    case "string":
      return {
        kind: "string",
        fails: false,
        run(given) {
          const column = given.columns[index] as Extract<Column, { kind: "string" }>;
          return { ids: column.values, strings: column.dictionary.strings, nulls: nullsOf(column, given) };
        },
      };
    case "bool":
      return { kind: "bool", fails: false, run: (given, rows) => booleans(given.columns[index] as Extract<Column, { kind: "bool" }>, given, rows, scratch) };
    default:
      return undefined;
  }
}

function booleans(column: Extract<Column, { kind: "bool" }>, batch: ColumnBatch, rows: Rows, scratch: Scratch): BooleanVector {
  const { values, validity } = column;
  if (validity === undefined) return { values };
  const out = scratch.growBytes(batch.rowCount);
  forEachRow(rows, (row) => (out[row] = isValid(validity, row) ? values[row]! : NULL));
  return { values: out };
}

function invalidRows(validity: Validity, nulls: Uint8Array, rowCount: number): Uint8Array {
  for (let row = 0; row < rowCount; row += 1) nulls[row] = ((validity[row >> 3]! >> (row & 7)) & 1) ^ 1;
  return nulls;
}

function literalStep(value: Scalar): Step | undefined {
  const scratch = new Scratch();
  const ids = { zeros: new Int32Array(0) };
  switch (typeof value) {
    case "number":
      return {
        kind: "f64",
        fails: false,
        run({ rowCount }) {
          if (scratch.f64.length < rowCount) scratch.growF64(rowCount).fill(value);
          return { values: scratch.f64, nulls: undefined };
        },
      };
    case "bigint":
      return {
        kind: "i64",
        fails: false,
        run({ rowCount }) {
          if (scratch.i64.length < rowCount) scratch.growI64(rowCount).fill(value);
          return { values: scratch.i64, nulls: undefined };
        },
      };
    case "boolean":
      return {
        kind: "bool",
        fails: false,
        run({ rowCount }) {
          if (scratch.bytes.length < rowCount) scratch.growBytes(rowCount).fill(value ? TRUE : FALSE);
          return { values: scratch.bytes };
        },
      };
    case "string":
      return {
        kind: "string",
        fails: false,
        text: value,
        run({ rowCount }) {
          if (ids.zeros.length < rowCount) ids.zeros = new Int32Array(rowCount);
          return { ids: ids.zeros, strings: [value], nulls: undefined };
        },
      };
    default:
      return undefined;
  }
}

function isNullStep(operand: Step | undefined): Step | undefined {
  if (operand === undefined) return undefined;
  const scratch = new Scratch();
  const { fails } = operand;
  if (operand.kind === "bool") {
    return {
      kind: "bool",
      fails,
      run(batch, rows) {
        const { values } = operand.run(batch, rows);
        const out = scratch.growBytes(batch.rowCount);
        forEachRow(rows, (row) => (out[row] = values[row] === NULL ? TRUE : FALSE));
        return { values: out };
      },
    };
  }
  return {
    kind: "bool",
    fails,
    run(batch, rows) {
      const { nulls } = operand.run(batch, rows);
      const out = scratch.growBytes(batch.rowCount);
      if (nulls === undefined) out.fill(FALSE, 0, batch.rowCount);
      else out.set(nulls.subarray(0, batch.rowCount));
      return { values: out };
    },
  };
}

function notStep(operand: StepOf<"bool">): Step {
  const scratch = new Scratch();
  return {
    kind: "bool",
    fails: operand.fails,
    run(batch, rows) {
      const { values } = operand.run(batch, rows);
      const out = scratch.growBytes(batch.rowCount);
      negate(values, out, rows);
      return { values: out };
    },
  };
}

function connectiveStep(op: "and" | "or", left: StepOf<"bool">, right: StepOf<"bool">): Step {
  const scratch = new Scratch();
  const rowsWhere = rowFinder();
  const decisive = op === "or" ? TRUE : FALSE;
  return {
    kind: "bool",
    fails: left.fails || right.fails,
    run(batch, rows) {
      const a = left.run(batch, rows).values;
      let rowsOfRight = rows;
      // The left side guards the right one: what it has decided is not computed.
      if (right.fails) rowsOfRight = rowsWhere(batch, rows, (row) => a[row] !== decisive);
      const b = right.run(batch, rowsOfRight).values;
      const out = scratch.growBytes(batch.rowCount);
      if (right.fails) out.fill(decisive, 0, batch.rowCount);
      connect(op, a, b, out, rowsOfRight);
      return { values: out };
    },
  };
}

/** Finds the rows that pass a test, in memory of its own. */
function rowFinder(): (batch: ColumnBatch, rows: Rows, passes: (row: number) => boolean) => Rows {
  let found = new Int32Array(0);
  return ({ rowCount }, rows, passes) => {
    if (found.length < rowCount) found = new Int32Array(rowCount);
    let count = 0;
    forEachRow(rows, (row) => {
      if (passes(row)) found[count++] = row;
    });
    return { selection: found, count };
  };
}

/** Strings of two dictionaries have no loop: they are put together row by row. */
function ifNullStep(left: Step, right: Step): Step | undefined {
  const scratch = new Scratch();
  const fails = left.fails || right.fails;
  if (left.kind === "f64" && right.kind === "f64") {
    return { kind: "f64", fails, run: filled(left.run, right.run, fillNumbers, (length) => scratch.growF64(length)) };
  }
  if (left.kind === "i64" && right.kind === "i64") {
    return { kind: "i64", fails, run: filled(left.run, right.run, fillBigints, (length) => scratch.growI64(length)) };
  }
  if (left.kind !== "bool" || right.kind !== "bool") return undefined;
  const rowsWhere = rowFinder();
  return {
    kind: "bool",
    fails,
    run(batch, rows) {
      const { values } = left.run(batch, rows);
      const absent = rowsWhere(batch, rows, (row) => values[row] === NULL);
      if (absent.count === 0) return { values };
      const others = right.run(batch, absent).values;
      const out = scratch.growBytes(batch.rowCount);
      out.set(values.subarray(0, batch.rowCount));
      forEachRow(absent, (row) => (out[row] = others[row]!));
      return { values: out };
    },
  };
}

interface Filled<A> {
  values: A;
  nulls: Uint8Array | undefined;
}

const NO_ROWS: Rows = { selection: undefined, count: 0 };

type Fill<A> = (out: A, values: A, others: A, absent: Rows, rowCount: number) => void;

/** The values of the left side, and where it has none those of the right side, which is computed for these rows alone. */
function filled<A>(left: Run<Filled<A>>, right: Run<Filled<A>>, fill: Fill<A>, grow: (length: number) => A): Run<Filled<A>> {
  const scratch = new Scratch();
  const rowsWhere = rowFinder();
  return (batch, rows) => {
    const { values, nulls } = left(batch, rows);
    const { rowCount } = batch;
    const absent = nulls === undefined ? NO_ROWS : rowsWhere(batch, rows, (row) => nulls[row] === 1);
    if (absent.count === 0) return { values, nulls: undefined };
    const others = right(batch, absent);
    const out = grow(rowCount);
    fill(out, values, others.values, absent, rowCount);
    if (others.nulls === undefined) return { values: out, nulls: undefined };
    const stillAbsent = scratch.growNulls(rowCount).fill(0, 0, rowCount);
    forEachRow(absent, (row) => (stillAbsent[row] = others.nulls![row]!));
    return { values: out, nulls: stillAbsent };
  };
}

function fillNumbers(out: Float64Array, values: Float64Array, others: Float64Array, absent: Rows, rowCount: number): void {
  out.set(values.subarray(0, rowCount));
  forEachRow(absent, (row) => (out[row] = others[row]!));
}

function fillBigints(out: BigInt64Array, values: BigInt64Array, others: BigInt64Array, absent: Rows, rowCount: number): void {
  out.set(values.subarray(0, rowCount));
  forEachRow(absent, (row) => (out[row] = others[row]!));
}

function operatorStep(node: BinaryNode<Arithmetic> | BinaryNode<Comparison>, left: Step, right: Step): Step | undefined {
  switch (node.op) {
    case "plus":
    case "minus":
    case "times":
    case "dividedBy":
      if (left.kind === "f64" && right.kind === "f64") return numberArithmetic(node.op, left, right);
      if (left.kind === "i64" && right.kind === "i64") return bigintArithmetic(node as BinaryNode<Arithmetic>, left, right);
      return undefined;
    case "gt":
      return lessStep(right, left);
    case "ge":
      return atMostStep(right, left);
    case "lt":
      return lessStep(left, right);
    case "le":
      return atMostStep(left, right);
    case "eq":
      return equalStep(left, right);
    case "ne": {
      const equal = equalStep(left, right);
      return equal?.kind === "bool" ? notStep(equal) : undefined;
    }
  }
}

function numberArithmetic(op: Arithmetic, left: StepOf<"f64">, right: StepOf<"f64">): Step {
  const scratch = new Scratch();
  const loop = { plus: addNumbers, minus: subtractNumbers, times: multiplyNumbers, dividedBy: divideNumbers }[op];
  return {
    kind: "f64",
    fails: left.fails || right.fails,
    run(batch, rows) {
      const a = left.run(batch, rows);
      const b = right.run(batch, rows);
      const values = scratch.growF64(batch.rowCount);
      loop(a.values, b.values, values, rows);
      return { values, nulls: eitherNull(a.nulls, b.nulls, scratch.growNulls(batch.rowCount), batch.rowCount) };
    },
  };
}

function bigintArithmetic(node: BinaryNode<Arithmetic>, left: StepOf<"i64">, right: StepOf<"i64">): Step {
  const scratch = new Scratch();
  return {
    kind: "i64",
    fails: true,
    run(batch, rows) {
      const a = left.run(batch, rows);
      const b = right.run(batch, rows);
      const values = scratch.growI64(batch.rowCount);
      const nulls = eitherNull(a.nulls, b.nulls, scratch.growNulls(batch.rowCount), batch.rowCount);
      forEachRow(rows, (row) => {
        if (nulls?.[row] !== 1) values[row] = int64Arithmetic(node, a.values[row]!, b.values[row]!);
      });
      return { values, nulls };
    },
  };
}

function lessStep(left: Step, right: Step): Step | undefined {
  return orderStep(left, right, lessNumbers, (a, b) => a < b);
}

function atMostStep(left: Step, right: Step): Step | undefined {
  return orderStep(left, right, atMostNumbers, (a, b) => a <= b);
}

function equalStep(left: Step, right: Step): Step | undefined {
  if (left.kind !== "bool" || right.kind !== "bool") return orderStep(left, right, equalNumbers, (a, b) => a === b);
  return comparisonStep(left, right, (a, b, out, rows) => {
    forEachRow(rows, (row) => {
      const known = a.values[row] !== NULL && b.values[row] !== NULL;
      out[row] = !known ? NULL : a.values[row] === b.values[row] ? TRUE : FALSE;
    });
    return undefined;
  });
}

type NumberLoop = typeof lessNumbers;
type Test = <V extends string | bigint>(a: V, b: V) => boolean;

function orderStep(left: Step, right: Step, numbers: NumberLoop, test: Test): Step | undefined {
  if (left.kind === "f64" && right.kind === "f64") {
    return comparisonStep(left, right, (a, b, out, rows) => numbers(a.values, b.values, out, rows));
  }
  if (left.kind === "i64" && right.kind === "i64") {
    return comparisonStep(left, right, (a, b, out, rows) => forEachRow(rows, (row) => (out[row] = test(a.values[row]!, b.values[row]!) ? TRUE : FALSE)));
  }
  if (left.kind !== "string" || right.kind !== "string") return undefined;
  if (right.text !== undefined) return verdictStep(left, right.text, (a, b) => test(a, b));
  if (left.text !== undefined) return verdictStep(right, left.text, (a, b) => test(b, a));
  return comparisonStep(left, right, (a, b, out, rows) => {
    // Rows without value may have any id, and so no string; they become null afterwards.
    forEachRow(rows, (row) => (out[row] = test(a.strings[a.ids[row]!] ?? "", b.strings[b.ids[row]!] ?? "") ? TRUE : FALSE));
  });
}

interface Nullable {
  readonly nulls?: Uint8Array | undefined;
}

/** Any comparison: the values first, then null where either side is. */
function comparisonStep<V extends Nullable>(
  left: { readonly fails: boolean; readonly run: Run<V> },
  right: { readonly fails: boolean; readonly run: Run<V> },
  compare: (a: V, b: V, out: Uint8Array, rows: Rows) => void,
): StepOf<"bool"> {
  const scratch = new Scratch();
  return {
    kind: "bool",
    fails: left.fails || right.fails,
    run(batch, rows) {
      const a = left.run(batch, rows);
      const b = right.run(batch, rows);
      const out = scratch.growBytes(batch.rowCount);
      compare(a, b, out, rows);
      maskNulls(out, a.nulls, rows);
      maskNulls(out, b.nulls, rows);
      return { values: out };
    },
  };
}

/** What a test says of each string of a dictionary, as far as it has been asked. */
interface Verdicts {
  values: Uint8Array;
  count: number;
}

/** A column of strings against one string: each string of a dictionary is compared once, each row looks up the outcome. */
function verdictStep(strings: StepOf<"string">, text: string, test: (a: string, b: string) => boolean): Step {
  const scratch = new Scratch();
  // Batches of several channels come in turn, each channel with a dictionary of its own. Its strings are one array, which grows.
  const known = new WeakMap<readonly string[], Verdicts>();
  const verdictsOn = (texts: readonly string[]): Uint8Array => {
    let verdicts = known.get(texts);
    if (verdicts === undefined) known.set(texts, (verdicts = { values: new Uint8Array(texts.length), count: 0 }));
    if (verdicts.values.length < texts.length) {
      const grown = new Uint8Array(2 * texts.length);
      grown.set(verdicts.values);
      verdicts.values = grown;
    }
    for (; verdicts.count < texts.length; verdicts.count += 1) verdicts.values[verdicts.count] = test(texts[verdicts.count]!, text) ? TRUE : FALSE;
    return verdicts.values;
  };
  return {
    kind: "bool",
    fails: false,
    run(batch, rows) {
      const vector = strings.run(batch, rows);
      const out = scratch.growBytes(batch.rowCount);
      lookUp(vector.ids, verdictsOn(vector.strings), out, rows);
      maskNulls(out, vector.nulls, rows);
      return { values: out };
    },
  };
}
