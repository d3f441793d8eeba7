import type { WatermarkStrategy } from "../time/watermark-strategy.ts";

/** What `explain` says of a watermark strategy. Where wall-clock time decides what is late, that is marked. */
export function watermarkDetails(strategy: WatermarkStrategy<never>): {
  readonly watermarks: string;
  readonly notReproducible?: string;
} {
  const watermarks = strategy.describe();
  if (strategy.periodicIntervalMs === undefined) return { watermarks };
  return { watermarks, notReproducible: "what is late depends on the clock, by which watermarks are emitted" };
}
