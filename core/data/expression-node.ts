import { isInt64 } from "../lib/int64.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";

/** What an expression computes with. Null stands for null, undefined and a missing field alike. */
export type Scalar = number | bigint | string | boolean | null;

export type Arithmetic = "plus" | "minus" | "times" | "dividedBy";
export type Comparison = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
export type Connective = "and" | "or";

export interface UnaryNode<O extends string> {
  readonly op: O;
  readonly operand: ExpressionNode;
}

export interface BinaryNode<O extends string> {
  readonly op: O;
  readonly left: ExpressionNode;
  readonly right: ExpressionNode;
}

/** An expression as data: it can be printed, compared and sent; closures and loops are made of it where it runs. */
export type ExpressionNode =
  | { readonly op: "column"; readonly name: string }
  | { readonly op: "literal"; readonly value: Scalar }
  | UnaryNode<"not">
  | UnaryNode<"isNull">
  | BinaryNode<Arithmetic>
  | BinaryNode<Comparison>
  | BinaryNode<Connective>
  | BinaryNode<"ifNull">;

const SIGNS: Readonly<Record<Arithmetic | Comparison | Connective, string>> = {
  plus: "+",
  minus: "-",
  times: "*",
  dividedBy: "/",
  eq: "=",
  ne: "<>",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
  and: "AND",
  or: "OR",
};

/** As `explain` and messages print it: `(delay > 30) AND (carrier = "AA")`. Two expressions have one text only where they are the same. */
export function showExpression(node: ExpressionNode): string {
  switch (node.op) {
    case "column":
      return showColumn(node.name);
    case "literal":
      return typeof node.value === "string" ? JSON.stringify(node.value) : show(node.value);
    case "isNull":
      return `${showOperand(node.operand)} IS NULL`;
    case "not":
      return `NOT ${showOperand(node.operand)}`;
    case "ifNull":
      return `IFNULL(${showExpression(node.left)}, ${showExpression(node.right)})`;
  }
  return `${showOperand(node.left)} ${SIGNS[node.op]} ${showOperand(node.right)}`;
}

/** In backticks, as in SQL, where the name could be taken for something else. */
function showColumn(name: string): string {
  const isPlain = /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) && !/^(null|true|false|NaN|Infinity)$/.test(name);
  return isPlain ? name : `\`${name.replaceAll("`", "``")}\``;
}

function showOperand(node: ExpressionNode): string {
  const isWhole = node.op === "column" || node.op === "literal" || node.op === "ifNull";
  return isWhole ? showExpression(node) : `(${showExpression(node)})`;
}

/** The names of the columns, each once. */
export function columnNamesOf(node: ExpressionNode, names: Set<string> = new Set()): Set<string> {
  if (node.op === "column") return names.add(node.name);
  if (node.op === "literal") return names;
  if (node.op === "not" || node.op === "isNull") return columnNamesOf(node.operand, names);
  return columnNamesOf(node.right, columnNamesOf(node.left, names));
}

/** The result of integer arithmetic on operands that are bigints; the sole place where it can fail. */
export function int64Arithmetic(node: BinaryNode<Arithmetic>, left: bigint, right: bigint): bigint {
  if (node.op === "dividedBy" && right === 0n) {
    throw new JobError("ARITHMETIC_OVERFLOW", `${showExpression(node)} divides ${left}n by zero, which no integer is the result of: filter such records before`);
  }
  const result = rawArithmetic(node.op, left, right);
  if (isInt64(result)) return result;
  throw new JobError(
    "ARITHMETIC_OVERFLOW",
    `${showExpression(node)} leaves the range of 64-bit integers: the operands are ${left}n and ${right}n. Use numbers where the last digits may be lost`,
  );
}

function rawArithmetic(op: Arithmetic, left: bigint, right: bigint): bigint {
  switch (op) {
    case "plus":
      return left + right;
    case "minus":
      return left - right;
    case "times":
      return left * right;
    case "dividedBy":
      return left / right;
  }
}

/** The error of operands whose kinds do not go together. */
export function mixedOperands(node: ExpressionNode, ...operands: readonly unknown[]): JobError {
  const given = operands.map((operand) => show(operand)).join(" and ");
  return new JobError("INVALID_ARGUMENT", `${showExpression(node)} cannot be computed with ${given}: ${expectation(node)}. Convert them before, with map`);
}

function expectation(node: ExpressionNode): string {
  switch (node.op) {
    case "plus":
    case "minus":
    case "times":
    case "dividedBy":
      return "arithmetic takes two numbers or two bigints";
    case "eq":
    case "ne":
      return "what is compared must be two numbers, two bigints, two strings or two booleans";
    case "lt":
    case "le":
    case "gt":
    case "ge":
      return "what is compared must be two numbers, two bigints or two strings";
    default:
      return "logic takes booleans";
  }
}
