import { compileAddition, compileProjection, type NamedExpressions, type ProjectionProgram } from "./expression-projection.ts";
import { compileFilter, compileValue, type FilterProgram, type ValueProgram } from "./expression-program.ts";
import type { Expression } from "./expression.ts";

/** Makes programs of expressions, which run on records and on batches. */
export interface ExpressionCompiler {
  filter(condition: Expression<never, boolean | null | undefined, string | undefined>): FilterProgram;
  projection(expressions: NamedExpressions<never>): ProjectionProgram;
  addition(expressions: NamedExpressions<never>): ProjectionProgram;
  value(expression: Expression<never, unknown, string | undefined>): ValueProgram;
}

export const expressionCompiler: ExpressionCompiler = {
  filter: compileFilter,
  projection: compileProjection,
  addition: compileAddition,
  value: compileValue,
};

/** Whether this is an expression. It does not ask for the class, which only programs with expressions contain. */
export function isExpression(given: unknown): given is Expression<never, unknown, string | undefined> {
  return typeof given === "object" && given !== null && "node" in given && "compiler" in given;
}
