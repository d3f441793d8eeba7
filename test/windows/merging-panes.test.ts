import { expect, test } from "vitest";
import type { KeyId } from "../../core/data/key.ts";
import { types } from "../../core/data/type.ts";
import { Prng } from "../../core/lib/prng.ts";
import { keyGroupOf } from "../../core/state/key-groups.ts";
import { KeyedStore } from "../../core/state/keyed-store.ts";
import type { KeyedStateHandle } from "../../core/state/snapshot.ts";
import { HeapTimers } from "../../core/time/timer-heap.ts";
import { KeyedMergingPanes } from "../../core/windows/keyed-merging-panes.ts";
import { KeyedPanes } from "../../core/windows/keyed-panes.ts";
import type { MergingDeadlines, MergingPanes } from "../../core/windows/merging-panes.ts";
import type { PaneFunction } from "../../core/windows/panes.ts";
import { SessionPanes } from "../../core/windows/session-panes.ts";
import type { TimeWindow } from "../../core/windows/time-window.ts";

const MAX_PARALLELISM = 8;
const STORE = { maxParallelism: MAX_PARALLELISM, keyGroups: { first: 0, last: MAX_PARALLELISM - 1 } };
const KEYS: readonly KeyId[] = ["a", "b", 1, 2, NaN];
const GAP_MAX = 6;

const lists: PaneFunction<string, string[]> = {
  kind: "list",
  create: (record) => [record],
  add: (contents, record) => [...contents, record],
  merge: (earlier, later) => [...earlier, ...later],
};

type Kind = "heap" | "keyed";

interface Case {
  readonly name: string;
  readonly deadlines: MergingDeadlines;
  readonly latenessMs: number;
  readonly byClock?: boolean;
}

const CASES: readonly Case[] = [
  { name: "on time", deadlines: { fireDelayMs: 0, dropDelayMs: 0 }, latenessMs: 0 },
  { name: "late", deadlines: { fireDelayMs: 0, dropDelayMs: 9 }, latenessMs: 9 },
  { name: "very late", deadlines: { fireDelayMs: 0, dropDelayMs: 60 }, latenessMs: 60 },
  { name: "by clock", deadlines: { fireDelayMs: 0, dropDelayMs: 0 }, latenessMs: 0, byClock: true },
  { name: "at the end", deadlines: { fireDelayMs: Infinity, dropDelayMs: Infinity }, latenessMs: 5 },
  { name: "never", deadlines: { fireDelayMs: NaN, dropDelayMs: Infinity }, latenessMs: 5 },
];

/** One implementation, its store, and what it can be restored from. */
class Player {
  readonly time = { firedUntil: -Infinity, lateUntil: -Infinity };
  readonly log: unknown[] = [];
  readonly #case: Case;
  readonly #parts = new Map<string, Uint8Array>();
  #store: KeyedStore;
  #panes: MergingPanes<string, string[]>;
  #checkpointId = 0;

  constructor(given: Case, kind: Kind) {
    this.#case = given;
    this.#store = this.#newStore();
    this.#panes = this.#make(kind);
    this.#panes.resumeFrom(-Infinity);
  }

  get size(): number {
    return this.#panes.size;
  }

  add(key: KeyId, start: number, end: number, record: string): void {
    const added = this.#panes.add(key, start, end, record, start);
    this.log.push(typeof added === "boolean" ? added : [`${added}`, this.#panes.read(key, added)]);
  }

  /** Fires what is due, with a stop after every `budget` of them, where it calls `onStop`. */
  advance(time: number, budget: number, onStop: () => void): void {
    if (this.#case.byClock !== true) this.time.firedUntil = this.time.lateUntil = time;
    // As operators do it, nothing is asked of panes before a deadline.
    if (time < this.#panes.nextDeadline()) return;
    const fire = (key: KeyId, window: TimeWindow, contents: string[]): void => void this.log.push(["fire", key, `${window}`, [...contents]]);
    for (let left = budget; !this.#panes.fireDue(time, fire, () => 0 < left--); left = budget) onStop();
    this.#panes.dropDue(time, (key, window) => void this.log.push(["drop", key, `${window}`]));
  }

  checkpoint(outcome: "aborted" | "completed" | "running"): KeyedStateHandle {
    this.#checkpointId += 1;
    const { handle, parts } = this.#store.snapshot(this.#checkpointId);
    for (const [name, bytes] of parts) this.#parts.set(name, bytes);
    if (outcome === "aborted") this.#store.aborted(this.#checkpointId);
    if (outcome === "completed") this.#store.completed(this.#checkpointId);
    return JSON.parse(JSON.stringify(handle)) as KeyedStateHandle;
  }

  restore(handle: KeyedStateHandle, kind: Kind, firedUntil: number): void {
    this.#store = this.#newStore();
    this.#store.restore([handle], (part) => this.#parts.get(part)!);
    this.#panes = this.#make(kind);
    this.#panes.resumeFrom(firedUntil);
  }

  #newStore(): KeyedStore {
    return new KeyedStore({ ...STORE, partName: (checkpointId, index) => `${checkpointId}-${index}` });
  }

  #make(kind: Kind): MergingPanes<string, string[]> {
    const { deadlines, latenessMs } = this.#case;
    const options = { time: this.time, deadlines, allowedLatenessMs: latenessMs, contents: lists, contentsType: types.array(types.string) };
    const registry = this.#store;
    if (kind === "heap") return new SessionPanes({ ...options, registry });
    const state = new KeyedStore({ ...STORE, partName: () => "never" });
    const timers = new HeapTimers({ keyGroupOf: (key) => keyGroupOf(key, MAX_PARALLELISM) });
    const { fireDelayMs, dropDelayMs } = deadlines;
    const paneDeadlines = {
      fireTime: (window: TimeWindow) => window.maxTimestamp() + fireDelayMs,
      dropTime: (window: TimeWindow) => window.maxTimestamp() + dropDelayMs,
    };
    const panes = new KeyedPanes({ ...options, deadlines: paneDeadlines, state, timers, registry });
    return new KeyedMergingPanes({ ...options, state: this.#store, panes });
  }
}

for (const given of CASES) {
  test(`windows that merge, ${given.name}: both kinds agree, through snapshots into each other`, () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const prng = new Prng(seed);
      const meaning = new Player(given, "keyed");
      const tried = new Player(given, "heap");
      let now = 0;
      const checkpoint = (firedUntil: number): void => {
        const handle = tried.checkpoint(prng.pick(["aborted", "completed", "completed", "running"] as const));
        if (prng.int(3) === 0) tried.restore(handle, prng.pick(["heap", "heap", "keyed"] as const), firedUntil);
      };
      for (let step = 0; step < 150; step += 1) {
        const choice = prng.int(12);
        if (choice < 8) {
          const start = given.byClock === true ? now + 1 : Math.max(0, now + prng.int(50) - 30);
          const [key, end, record] = [prng.pick(KEYS), start + 1 + prng.int(GAP_MAX), `${step}`];
          meaning.add(key, start, end, record);
          tried.add(key, start, end, record);
        } else if (choice < 10) {
          now += prng.int(12);
          meaning.advance(now, Infinity, () => {});
          tried.advance(now, 1 + prng.int(3), () => checkpoint(now));
        } else checkpoint(given.byClock === true ? -Infinity : tried.time.firedUntil);
        for (const player of [meaning, tried]) player.log.push(player.size);
      }
      for (const player of [meaning, tried]) player.advance(Infinity, Infinity, () => {});
      expect(tried.log, `seed ${seed}`).toEqual(meaning.log);
      expect(tried.size).toBe(0);
    }
  });
}
