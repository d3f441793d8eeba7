import type { NamedExpressions, ProjectionProgram } from "../data/expression-projection.ts";
import type { Expression } from "../data/expression.ts";
import { Part } from "../lib/part.ts";
import type { OperatorFactory } from "./operator.ts";

export const expressionOperators = /* @__PURE__ */ new Part(() => import("./expression-operators.ts"));

/** `select`: the values alone; `addOrReplaceColumns`: the values beside the fields that are there. */
export function projectionFactory(kind: "select" | "addOrReplaceColumns", expressions: NamedExpressions<never>): OperatorFactory {
  const compile = (): ProjectionProgram => {
    const { compiler } = expressions[0]!;
    return kind === "select" ? compiler.projection(expressions) : compiler.addition(expressions);
  };
  // What is wrong with the names is told where the job is written.
  compile();
  return {
    kind,
    details: { fields: expressions.map(showField) },
    columns: { takes: true, gives: true },
    parts: () => [expressionOperators],
    // Each subtask has programs of its own: they keep memory from batch to batch.
    create: (context) => new expressionOperators.module.ProjectionOperator(compile(), context),
  };
}

/** A filter by an expression. */
export function expressionFilterFactory(condition: Expression<never, boolean | null | undefined, string | undefined>): OperatorFactory {
  return {
    kind: "filter",
    details: { condition: String(condition) },
    columns: { takes: true, gives: true },
    parts: () => [expressionOperators],
    // Each subtask has a program of its own: it keeps memory from batch to batch.
    create: (context) => new expressionOperators.module.ExpressionFilterOperator(condition.compiler.filter(condition), context),
  };
}

function showField(expression: NamedExpressions<never>[number]): string {
  const { node, name } = expression;
  return node.op === "column" && node.name === name ? name : `${name} = ${String(expression)}`;
}
