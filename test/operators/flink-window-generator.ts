import type { Prng } from "../../core/lib/prng.ts";
import type { FlinkAssigner, FlinkStep, FlinkWindowCase } from "./flink-window-case.ts";

const ASSIGNERS: readonly FlinkAssigner["type"][] = [
  "tumbling",
  "sliding",
  "sliding",
  "session",
  "session",
  "dynamicSession",
  "tumblingProc",
  "slidingProc",
  "sessionProc",
  "global",
];

const STEPS_MAX = 45;

/** A random case: any assigner, keys, disorder, lateness, both kinds of time, snapshots anywhere. */
export function randomFlinkCase(id: string, prng: Prng): FlinkWindowCase {
  const assigner = randomAssigner(prng);
  const lateness = prng.int(2) === 0 ? {} : { lateness: prng.int(20) === 0 ? 1_000_000_000_000 : prng.int(25) };
  return { id, op: "window", assigner, ...lateness, feed: new FeedGenerator(assigner, prng).generate() };
}

function randomAssigner(prng: Prng): FlinkAssigner {
  const type = prng.pick(ASSIGNERS);
  const size = 1 + prng.int(20);
  switch (type) {
    case "tumbling":
    case "tumblingProc":
      return { type, size, ...randomOffset(prng, size) };
    case "sliding":
    case "slidingProc": {
      const slide = prng.int(3) === 0 ? 1 + prng.int(30) : 1 + prng.int(size);
      return { type, size, slide, ...randomOffset(prng, slide) };
    }
    case "session":
    case "sessionProc":
      // Flink refuses to merge processing-time sessions of 1 ms: such a session is over when it begins.
      return { type, gap: 2 + prng.int(9) };
    case "dynamicSession":
    case "global":
      return { type };
  }
}

/** In (−limit, limit); mostly none. */
function randomOffset(prng: Prng, limit: number): { readonly offset?: number } {
  return prng.int(2) === 0 ? {} : { offset: prng.int(2 * limit - 1) - limit + 1 };
}

class FeedGenerator {
  readonly #prng: Prng;
  readonly #assigner: FlinkAssigner;
  readonly #isClocked: boolean;
  readonly #feed: FlinkStep[] = [];
  readonly #keys: readonly string[];
  /** Around where timestamps are drawn; rises with the feed. */
  #time: number;
  readonly #spread: number;
  #watermark: number | undefined;
  #clock: number;
  /** The windows of all dynamic sessions so far, by key. */
  readonly #sessions = new Map<string, Session[]>();

  constructor(assigner: FlinkAssigner, prng: Prng) {
    this.#prng = prng;
    this.#assigner = assigner;
    this.#isClocked = assigner.type.endsWith("Proc");
    this.#keys = ["a", "b", "c"].slice(0, 1 + prng.int(3));
    this.#time = prng.pick([0, 0, -40, 1_000_000_000_000]);
    this.#spread = prng.pick([3, 10, 30]);
    this.#clock = prng.int(20);
  }

  generate(): readonly FlinkStep[] {
    const steps = 5 + this.#prng.int(STEPS_MAX - 5);
    if (this.#isClocked) this.#feed.push({ pt: this.#clock });
    for (let step = 0; step < steps; step += 1) this.#step();
    if (this.#prng.int(3) !== 0) {
      if (this.#isClocked) this.#advanceClock(1000);
      this.#feed.push({ end: true });
      if (this.#prng.int(4) === 0) this.#element();
    }
    return this.#feed;
  }

  #step(): void {
    const choice = this.#prng.int(20);
    if (choice < 12) this.#element();
    else if (choice < 17) this.#advance();
    else if (choice < 18) this.#snapshot();
    else if (this.#isClocked) this.#advanceClock(this.#prng.int(12));
    else this.#time += this.#prng.int(8);
  }

  #element(): void {
    const prng = this.#prng;
    const k = prng.pick(this.#keys);
    const t = this.#time + prng.int(2 * this.#spread + 1) - this.#spread;
    if (this.#assigner.type === "dynamicSession") {
      // Now and then a gap that both refuse: it ends the case.
      const v = prng.int(200) === 0 ? 0 : 1 + prng.int(12);
      if (v === 0 || this.#mayAddSession(k, t, v)) this.#feed.push({ k, v, t });
      return;
    }
    const v = prng.int(64) / 4;
    this.#feed.push(this.#hasTimestamp() ? { k, v, t } : { k, v });
  }

  #hasTimestamp(): boolean {
    switch (this.#assigner.type) {
      case "tumbling":
      case "sliding":
        // Now and then one without, which both refuse.
        return this.#prng.int(400) !== 0;
      case "session":
      case "dynamicSession":
        // Flink opens a session at Long.MIN_VALUE for a record without timestamp; we refuse it.
        return true;
      default:
        return this.#prng.int(3) !== 0;
    }
  }

  #advance(): void {
    if (this.#isClocked && this.#prng.int(4) !== 0) return this.#advanceClock(1 + this.#prng.int(10));
    this.#time += this.#prng.int(10);
    const next = this.#time - this.#prng.int(this.#spread + 4);
    if (this.#watermark !== undefined && next <= this.#watermark) return;
    this.#watermark = next;
    this.#feed.push({ wm: next });
  }

  #advanceClock(ms: number): void {
    this.#clock += ms;
    this.#feed.push({ pt: this.#clock });
  }

  /** Flink's operator forgets its watermark when it is restored: it hears it again at once. */
  #snapshot(): void {
    this.#feed.push({ snapshot: true });
    if (this.#watermark !== undefined) this.#feed.push({ wm: this.#watermark });
  }

  /**
   * Whether a session may be added without what Flink does wrong: a window that equals one in flight which has grown from others
   * takes that one's place in Flink's map, and its content is lost. Leaves out more than it must: any that earlier windows could
   * have grown into.
   */
  #mayAddSession(key: string, start: number, gap: number): boolean {
    const end = start + gap;
    const sessions = this.#sessions.get(key) ?? [];
    this.#sessions.set(key, sessions);
    const others = sessions.filter((session) => session.start !== start || session.end !== end);
    const touchesOthers = others.some((session) => session.start <= end && start <= session.end);
    const mayBeGrown = sessions.some((session) => session.start === start) && sessions.some((session) => session.end === end);
    if (mayBeGrown && touchesOthers) return false;
    sessions.push({ start, end });
    return true;
  }
}

interface Session {
  readonly start: number;
  readonly end: number;
}
