import type { ColumnForm } from "./operator.ts";
import type { WatermarkStrategy } from "../time/watermark-strategy.ts";

/** What `explain` says of a watermark strategy. Where wall-clock time decides what is late, that is marked. */
export function watermarkDetails(strategy: WatermarkStrategy<never>): {
  readonly watermarks: string;
  readonly timestamps?: string;
  readonly notReproducible?: string;
} {
  const { timestampExpression, periodicIntervalMs } = strategy;
  return {
    watermarks: strategy.describe(),
    ...(timestampExpression === undefined ? {} : { timestamps: String(timestampExpression) }),
    ...(periodicIntervalMs === undefined ? {} : { notReproducible: "what is late depends on the clock, by which watermarks are emitted" }),
  };
}

/** What a strategy looks at record by record, each made for it, where records come as columns. */
export function rowByRow(strategy: WatermarkStrategy<never>): Pick<ColumnForm, "rowByRow"> {
  const { timestampAssigner, timestampExpression, isBuiltIn } = strategy;
  const isFunction = timestampAssigner !== undefined && timestampExpression === undefined;
  if (isFunction) return { rowByRow: 'the timestamp assigner is a function; columnsOf<…>()("time") reads the column' };
  return isBuiltIn ? {} : { rowByRow: "the watermark generator is your own" };
}
