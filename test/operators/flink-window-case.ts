/**
 * Window cases in the form that the Flink oracle reads (see scripts/fuzz-flink.ts): an assigner with its default trigger, and
 * what is fed to one keyed operator, one step after the other. Elements have a key `k` ("k" by default), a value `v` and a
 * timestamp `t`.
 */
export interface FlinkWindowCase {
  readonly id: string;
  readonly op: "window";
  readonly assigner: FlinkAssigner;
  readonly lateness?: number;
  readonly feed: readonly FlinkStep[];
}

export interface FlinkAssigner {
  readonly type:
    "tumbling" | "sliding" | "session" | "dynamicSession" | "tumblingProc" | "slidingProc" | "sessionProc" | "global";
  readonly size?: number;
  readonly slide?: number;
  readonly gap?: number;
  readonly offset?: number;
}

export type FlinkStep =
  | { readonly k?: string; readonly v: number; readonly t?: number }
  | { readonly wm: number }
  | { readonly pt: number }
  | { readonly snapshot: true }
  | { readonly end: true };

/**
 * One row of an answer: the index of the step that caused it, then what it is. A window's row holds key, start, end and the
 * values in it, and the timestamp; the window that is for ever has no start and end.
 */
export type FlinkRow =
  | readonly [
      step: number,
      kind: "out",
      value: readonly [key: string, start: number | null, end: number | null, values: readonly number[]],
      timestamp: number,
    ]
  | readonly [step: number, kind: "late", value: readonly [key: string, value: number], timestamp: number]
  | readonly [step: number, kind: "wm", watermark: number];

export interface FlinkAnswer {
  readonly id: string;
  readonly out: readonly FlinkRow[];
  /** Set where Flink refused a step; what it has put out before is in `out`. */
  readonly error?: string;
}

/** A case with Flink's answer to it. */
export type FlinkGoldenCase = FlinkWindowCase & FlinkAnswer;

/** Java's Long.MAX_VALUE, as JSON.parse gives it: the timestamp of the window that is for ever, and the final watermark. */
const JAVA_LONG_MAX = 9223372036854775807;

/**
 * What is compared: the rows of a step as a multiset, the values of a window as a multiset (a session merged by a bridging
 * element lists them in another order in Flink), and each watermark once. After a restore Flink's operator has forgotten its
 * watermark and hears it again.
 */
export function comparable(rows: readonly FlinkRow[]): string[] {
  const lines: string[] = [];
  let watermark = -Infinity;
  for (const row of rows) {
    if (row[1] === "wm") {
      const next = javaNumber(row[2]);
      if (next <= watermark) continue;
      watermark = next;
      lines.push(`${row[0]} wm ${next}`);
    } else if (row[1] === "late") lines.push(`${row[0]} late ${row[2][0]} ${row[2][1]} @${row[3]}`);
    else {
      const [key, start, end, values] = row[2];
      lines.push(`${row[0]} out ${key}[${start},${end}) ${[...values].sort((a, b) => a - b).join(" ")} @${javaNumber(row[3])}`);
    }
  }
  return lines.sort();
}

function javaNumber(value: number): number {
  return value === JAVA_LONG_MAX ? Infinity : value;
}
