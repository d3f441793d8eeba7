import { describe, expect, test } from "vitest";
import type { KeyId } from "../../core/data/key.ts";
import { Prng } from "../../core/lib/prng.ts";
import { keyGroupOf } from "../../core/state/key-groups.ts";
import { KeyedStore } from "../../core/state/keyed-store.ts";
import type { KeyedStateHandle } from "../../core/state/snapshot.ts";
import { registerTimers } from "../../core/state/timer-components.ts";
import { HeapTimers } from "../../core/time/timer-heap.ts";

const MAX_PARALLELISM = 4;
const ALWAYS = (): boolean => true;

function newTimers(): HeapTimers {
  return new HeapTimers({ keyGroupOf: groupOf });
}

function groupOf(key: KeyId): number {
  return keyGroupOf(key, MAX_PARALLELISM);
}

function newStore(): KeyedStore {
  return new KeyedStore({
    maxParallelism: MAX_PARALLELISM,
    keyGroups: { first: 0, last: MAX_PARALLELISM - 1 },
    partName: (id, index) => `${id}-${index}`,
  });
}

function fired(timers: HeapTimers, time: number): string[] {
  const all: string[] = [];
  expect(timers.fireEventTime(time, (at, key, namespace) => all.push(`${at} ${String(key)} ${namespace}`), ALWAYS)).toBe(true);
  return all;
}

describe("heap timers", () => {
  test("are a set, fire up to and including the time, and are gone before their call", () => {
    const timers = newTimers();
    timers.registerEventTime("a", "", 5);
    timers.registerEventTime("a", "", 5);
    timers.registerEventTime("a", "", 7);
    timers.registerEventTime("a", "ns", 5);
    timers.registerProcessingTime("a", "", 1);
    expect([timers.eventTimeCount, timers.nextEventTime()]).toEqual([3, 5]);
    expect([timers.processingTimeCount, timers.nextProcessingTime()]).toEqual([1, 1]);
    timers.deleteEventTime("a", "ns", 5);
    timers.deleteEventTime("a", "ns", 6);
    timers.deleteEventTime("b", "", 5);
    expect(fired(timers, 4)).toEqual([]);
    timers.fireEventTime(5, () => expect(timers.eventTimeCount).toBe(1), ALWAYS);
    expect(fired(timers, Infinity)).toEqual(["7 a "]);
    expect([timers.nextEventTime(), timers.eventTimeCount]).toEqual([Infinity, 0]);
  });

  test("a call may register timers that are due, and delete others", () => {
    const timers = newTimers();
    timers.registerEventTime("a", "", 1);
    timers.registerEventTime("a", "", 3);
    const times: number[] = [];
    const each = (time: number): void => {
      times.push(time);
      if (time === 1) {
        timers.registerEventTime("a", "", 2);
        timers.deleteEventTime("a", "", 3);
        timers.registerEventTime("a", "", 11);
      }
    };
    expect(timers.fireEventTime(10, each, ALWAYS)).toBe(true);
    expect(times).toEqual([1, 2]);
    expect(timers.nextEventTime()).toBe(11);
  });

  test("firing stops where it may not continue, and goes on later", () => {
    const timers = newTimers();
    for (let time = 0; time < 5; time += 1) timers.registerEventTime("a", "", time);
    let budget = 2;
    const times: number[] = [];
    expect(timers.fireEventTime(3, (time) => times.push(time), () => 0 < budget--)).toBe(false);
    expect([times, timers.nextEventTime()]).toEqual([[0, 1], 2]);
    budget = 2;
    expect(timers.fireEventTime(3, (time) => times.push(time), () => 0 < budget--)).toBe(true);
    expect(times).toEqual([0, 1, 2, 3]);
  });

  test("fire by time, key group and registration as a sorted list does, also after restores from bases and deltas", () => {
    const keys: readonly KeyId[] = ["a", "b", "c", 1, 2, 3, NaN, true];
    let restores = 0;
    for (let seed = 1; seed <= 100; seed += 1) {
      const prng = new Prng(seed);
      const parts = new Map<string, Uint8Array>();
      let model: { time: number; key: KeyId; namespace: string; sequence: number }[] = [];
      let sequence = 0;
      let store = newStore();
      let timers = newTimers();
      registerTimers(timers, store);
      for (let step = 1; step <= 200; step += 1) {
        const [time, key, namespace] = [prng.int(30), prng.pick(keys), prng.pick(["", "x"])];
        const present = model.find((timer) => timer.time === time && Object.is(timer.key, key) && timer.namespace === namespace);
        const choice = prng.int(12);
        if (choice < 6) {
          timers.registerEventTime(key, namespace, time);
          if (present === undefined) model.push({ time, key, namespace, sequence: (sequence += 1) });
        } else if (choice < 8) {
          timers.deleteEventTime(key, namespace, time);
          model = model.filter((timer) => timer !== present);
        } else if (choice < 9) {
          const due = model.filter((timer) => timer.time <= time);
          due.sort((a, b) => a.time - b.time || groupOf(a.key) - groupOf(b.key) || a.sequence - b.sequence);
          model = model.filter((timer) => time < timer.time);
          const expected = due.map((timer) => `${timer.time} ${String(timer.key)} ${timer.namespace}`);
          expect(fired(timers, time), `seed ${seed}`).toEqual(expected);
        } else {
          const snapshot = store.snapshot(step);
          for (const [name, bytes] of snapshot.parts) parts.set(name, bytes);
          if (choice === 9) store.completed(step);
          if (choice !== 10) continue;
          restores += 1;
          store = newStore();
          timers = newTimers();
          const handle = JSON.parse(JSON.stringify(snapshot.handle)) as KeyedStateHandle;
          // Either order gives the same.
          const registersFirst = prng.int(2) === 0;
          if (registersFirst) registerTimers(timers, store);
          store.restore([handle], (part) => parts.get(part)!);
          if (!registersFirst) registerTimers(timers, store);
        }
        expect(timers.eventTimeCount).toBe(model.length);
      }
    }
    expect(restores).toBeGreaterThan(50);
  });
});
