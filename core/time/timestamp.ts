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

/** What to do about a value that is no timestamp, to end a message with. */
export function timestampAdvice(value: unknown): string {
  if (value === undefined) return ": check the name of the field";
  if (typeof value === "string") return ": turn the text into a number first, such as the ms that your format's parser gives";
  if (value instanceof Date) return ": give its number, date.getTime()";
  if (typeof value === "bigint") return ": give Number(value)";
  return "";
}
