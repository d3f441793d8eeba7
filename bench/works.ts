/** What is measured: one definition of every work, which each variant does in its own way. */

/** What is computed. `generate` is the cost of the input alone: each event is made and looked at once. */
export type WorkKind = "generate" | "tumbling" | "sliding" | "sessions" | "process" | "user-aggregate";

export interface Work {
  readonly name: string;
  readonly title: string;
  readonly kind: WorkKind;
  /** Different keys. */
  readonly keys: number;
  readonly keyKind: "integer" | "string";
  /** Events per ms of event time. */
  readonly eventsPerMs: number;
  /** Whether 15 of 100 events come after their window has fired, and within the allowed lateness. */
  readonly hasLate: boolean;
  readonly allowedLatenessMs: number;
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly gapMs: number;
}

/** How much of everything. */
export interface Scale {
  readonly events: number;
  /** A variant that would take longer than `runMsMax` gets as many events as take `runMsFewer`, but never fewer than these. */
  readonly eventsMin: number;
  readonly runMsMax: number;
  readonly runMsFewer: number;
  /** Keys of the operators whose snapshots are timed. */
  readonly snapshotKeys: number;
  /** Events behind the first result, which nobody waits for. */
  readonly firstResultEvents: number;
}

export const FULL_SCALE: Scale = {
  events: 8_000_000,
  eventsMin: 500_000,
  runMsMax: 60_000,
  runMsFewer: 20_000,
  snapshotKeys: 1_000_000,
  firstResultEvents: 500_000,
};

/** Events come up to 255 ms out of order; the bound of the watermarks is one more. */
export const BOUND_MS = 256;

const TUMBLING: Work = {
  name: "tumbling",
  title: "tumbling 1 s, integer keys",
  kind: "tumbling",
  keys: 10_000,
  keyKind: "integer",
  eventsPerMs: 100,
  hasLate: false,
  allowedLatenessMs: 0,
  sizeMs: 1_000,
  slideMs: 1_000,
  gapMs: 0,
};
const SLIDING_60: Work = { ...TUMBLING, name: "sliding-60", title: "sliding 60 s/1 s", kind: "sliding", sizeMs: 60_000 };
const SLIDING_10: Work = { ...TUMBLING, name: "sliding-10", title: "sliding 10 s/1 s", kind: "sliding", sizeMs: 10_000 };

export const WORKS: readonly Work[] = [
  { ...TUMBLING, name: "generate", title: "generating the events alone", kind: "generate" },
  TUMBLING,
  { ...TUMBLING, name: "tumbling-strings", title: "tumbling 1 s, string keys", keyKind: "string" },
  { ...TUMBLING, name: "tumbling-100", title: "tumbling 1 s, 100 keys", keys: 100 },
  { ...TUMBLING, name: "tumbling-1m", title: "tumbling 1 s, 1 M keys", keys: 1_000_000 },
  { ...TUMBLING, name: "tumbling-late", title: "tumbling 1 s, 15 % late but allowed", hasLate: true, allowedLatenessMs: 5_000 },
  SLIDING_60,
  { ...SLIDING_60, name: "sliding-60-sparse", title: "sliding 60 s/1 s, 10 events/ms", eventsPerMs: 10 },
  SLIDING_10,
  { ...SLIDING_10, name: "sliding-10-sparse", title: "sliding 10 s/1 s, 10 events/ms", eventsPerMs: 10 },
  { ...TUMBLING, name: "sessions", title: "sessions, gap 200 ms", kind: "sessions", gapMs: 200 },
  { ...TUMBLING, name: "process", title: "keyed process with ValueState", kind: "process" },
  { ...SLIDING_10, name: "user-aggregate", title: "sliding 10 s/1 s, user aggregate (not sliced)", kind: "user-aggregate" },
];

export function workNamed(name: string): Work {
  const found = WORKS.find((work) => work.name === name);
  if (found === undefined) throw new Error(`there is no work "${name}"; there are ${WORKS.map((work) => work.name).join(", ")}`);
  return found;
}
