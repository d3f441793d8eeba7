/**
 * Timestamps and watermarks are numbers: milliseconds since 1970-01-01T00:00:00Z. The infinities stand where Flink uses the ends
 * of Java's `long`, so that comparisons, minima and `end + lateness` need no clamping.
 */

/** The timestamp of a record that has none. Flink's `Long.MIN_VALUE`. */
export const NO_TIMESTAMP = -Infinity;

/** The watermark before the first one: nothing is promised yet. Flink's `Long.MIN_VALUE`. */
export const MIN_WATERMARK = -Infinity;

/** The final watermark: no record comes any more, every event-time window and timer is due. Flink's `Long.MAX_VALUE`. */
export const MAX_WATERMARK = Infinity;

/** Whether a number can be the timestamp of a record: finite, thus neither NaN nor one of the constants above. */
export function isTimestamp(value: number): boolean {
  return Number.isFinite(value);
}
