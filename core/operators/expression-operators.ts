/** Operators that compute expressions: one part. */
export { ExpressionFilterOperator } from "./expression-filter-operator.ts";
export { ProjectionOperator } from "./projection-operator.ts";
