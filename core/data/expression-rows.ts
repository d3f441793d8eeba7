import { type Arithmetic, type BinaryNode, type Comparison, type ExpressionNode, int64Arithmetic, mixedOperands, type Scalar } from "./expression-node.ts";

/** Computes an expression for one record. */
export type RowExpression = (record: unknown) => unknown;

/**
 * An expression as closures: what it means. The loops over columns give the same, bit for bit.
 *
 * Each operator has a closure of its own, so that the engine sees what kinds of values come by where.
 */
export function compileForRows(node: ExpressionNode): RowExpression {
  switch (node.op) {
    case "column":
      return columnOf(node.name);
    case "literal": {
      const { value } = node;
      return () => value;
    }
    case "isNull": {
      const operand = compileForRows(node.operand);
      return (record) => operand(record) === null;
    }
    case "not": {
      const operand = compileForRows(node.operand);
      return (record) => negated(node, operand(record));
    }
    case "and":
    case "or":
      return connective(node as BinaryNode<"and" | "or">);
    case "ifNull": {
      const left = compileForRows(node.left);
      const right = compileForRows(node.right);
      return (record) => {
        const value = left(record);
        return value === null ? right(record) : value;
      };
    }
    case "plus":
    case "minus":
    case "times":
    case "dividedBy":
      return arithmetic(node as BinaryNode<Arithmetic>);
    default:
      return comparison(node as BinaryNode<Comparison>);
  }
}

function columnOf(name: string): RowExpression {
  return (record) => {
    const value = (record as Record<string, unknown>)[name];
    return value === undefined ? null : value;
  };
}

function negated(node: ExpressionNode, value: unknown): Scalar {
  if (typeof value === "boolean") return !value;
  if (value === null) return null;
  throw mixedOperands(node, value);
}

function connective(node: BinaryNode<"and" | "or">): RowExpression {
  const left = compileForRows(node.left);
  const right = compileForRows(node.right);
  // The value that decides by itself.
  const decisive = node.op === "or";
  return (record) => {
    const first = logical(node, left(record));
    if (first === decisive) return decisive;
    const second = logical(node, right(record));
    if (second === decisive) return decisive;
    return first === null || second === null ? null : !decisive;
  };
}

function logical(node: ExpressionNode, value: unknown): boolean | null {
  if (typeof value === "boolean" || value === null) return value;
  throw mixedOperands(node, value);
}

function arithmetic(node: BinaryNode<Arithmetic>): RowExpression {
  const left = compileForRows(node.left);
  const right = compileForRows(node.right);
  switch (node.op) {
    case "plus":
      return (record) => {
        const a = left(record);
        const b = right(record);
        return typeof a === "number" && typeof b === "number" ? a + b : otherArithmetic(node, a, b);
      };
    case "minus":
      return (record) => {
        const a = left(record);
        const b = right(record);
        return typeof a === "number" && typeof b === "number" ? a - b : otherArithmetic(node, a, b);
      };
    case "times":
      return (record) => {
        const a = left(record);
        const b = right(record);
        return typeof a === "number" && typeof b === "number" ? a * b : otherArithmetic(node, a, b);
      };
    case "dividedBy":
      return (record) => {
        const a = left(record);
        const b = right(record);
        return typeof a === "number" && typeof b === "number" ? a / b : otherArithmetic(node, a, b);
      };
  }
}

function otherArithmetic(node: BinaryNode<Arithmetic>, a: unknown, b: unknown): Scalar {
  if (typeof a === "bigint" && typeof b === "bigint") return int64Arithmetic(node, a, b);
  // A null hides the other operand only where that one could be computed with.
  if ((a === null && isNumeric(b)) || (b === null && isNumeric(a))) return null;
  throw mixedOperands(node, a, b);
}

function isNumeric(value: unknown): boolean {
  return typeof value === "number" || typeof value === "bigint" || value === null;
}

function comparison(node: BinaryNode<Comparison>): RowExpression {
  const left = compileForRows(node.left);
  const right = compileForRows(node.right);
  const { op } = node;
  switch (op) {
    case "eq":
      return (record) => {
        const a = left(record);
        const b = right(record);
        return comparable(a, b) ? a === b : nullOrMixed(node, a, b);
      };
    case "ne":
      return (record) => {
        const a = left(record);
        const b = right(record);
        return comparable(a, b) ? a !== b : nullOrMixed(node, a, b);
      };
    case "lt":
      return (record) => {
        const a = left(record);
        const b = right(record);
        return ordered(a, b) ? (a as number) < (b as number) : nullOrMixed(node, a, b);
      };
    case "le":
      return (record) => {
        const a = left(record);
        const b = right(record);
        return ordered(a, b) ? (a as number) <= (b as number) : nullOrMixed(node, a, b);
      };
    case "gt":
      return (record) => {
        const a = left(record);
        const b = right(record);
        return ordered(a, b) ? (a as number) > (b as number) : nullOrMixed(node, a, b);
      };
    case "ge":
      return (record) => {
        const a = left(record);
        const b = right(record);
        return ordered(a, b) ? (a as number) >= (b as number) : nullOrMixed(node, a, b);
      };
  }
}

function comparable(a: unknown, b: unknown): boolean {
  if (typeof a === "number") return typeof b === "number";
  if (typeof a === "string") return typeof b === "string";
  return typeof a === typeof b && (typeof a === "boolean" || typeof a === "bigint");
}

/** Whether both are of one kind that has an order: what JavaScript compares without converting anything. */
function ordered(a: unknown, b: unknown): boolean {
  if (typeof a === "number") return typeof b === "number";
  if (typeof a === "string") return typeof b === "string";
  return typeof a === "bigint" && typeof b === "bigint";
}

function nullOrMixed(node: BinaryNode<Comparison>, a: unknown, b: unknown): null {
  if ((a === null && isComparable(node, b)) || (b === null && isComparable(node, a))) return null;
  throw mixedOperands(node, a, b);
}

function isComparable(node: BinaryNode<Comparison>, value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "bigint") return true;
  return typeof value === "boolean" && (node.op === "eq" || node.op === "ne");
}
