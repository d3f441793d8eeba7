import { IndexedHeap, NOT_IN_HEAP } from "../lib/heap.ts";
import { assert } from "../lib/assert.ts";
import type { KeyId } from "../data/key.ts";
import type { TimerCall, Timers } from "./timers.ts";

export interface HeapTimersOptions {
  /** The key group of a key; timers of one time fire by it. */
  readonly keyGroupOf: (key: KeyId) => number;
}

/** Timers on the heap: registering, deleting and firing one costs O(log n). */
export class HeapTimers implements Timers {
  /** The timers of each time domain by address: what snapshots are made of. */
  readonly eventTime: TimerSet;
  readonly processingTime: TimerSet;

  constructor(options: HeapTimersOptions) {
    this.eventTime = new TimerSet(options);
    this.processingTime = new TimerSet(options);
  }

  registerEventTime(key: KeyId, namespace: string, time: number): void {
    this.eventTime.register(key, namespace, time);
  }

  deleteEventTime(key: KeyId, namespace: string, time: number): void {
    this.eventTime.delete(key, namespace, time);
  }

  registerProcessingTime(key: KeyId, namespace: string, time: number): void {
    this.processingTime.register(key, namespace, time);
  }

  deleteProcessingTime(key: KeyId, namespace: string, time: number): void {
    this.processingTime.delete(key, namespace, time);
  }

  nextEventTime(): number {
    return this.eventTime.nextTime();
  }

  nextProcessingTime(): number {
    return this.processingTime.nextTime();
  }

  fireEventTime(time: number, each: TimerCall, mayContinue: () => boolean): boolean {
    return this.eventTime.fire(time, each, mayContinue);
  }

  fireProcessingTime(time: number, each: TimerCall, mayContinue: () => boolean): boolean {
    return this.processingTime.fire(time, each, mayContinue);
  }

  get eventTimeCount(): number {
    return this.eventTime.size;
  }

  get processingTimeCount(): number {
    return this.processingTime.size;
  }
}

interface Timer {
  readonly time: number;
  readonly key: KeyId;
  readonly namespace: string;
  readonly group: number;
  /**
   * Order of registration; only timers of one key group are compared by it, so numbers of several subtasks may meet
   * after a restore.
   */
  readonly sequence: number;
  heapIndex: number;
}

/** Nearly every address has one timer; only where there are more is a Map by time worth its memory. */
type TimersOfAddress = Timer | Map<number, Timer>;

/** The timers of one time domain. */
export class TimerSet {
  /** Told of every address whose timers changed. */
  onChange: (key: KeyId, namespace: string) => void = () => {};

  readonly #keyGroupOf: (key: KeyId) => number;
  readonly #heap = new IndexedHeap<Timer>(compareTimers);
  /** Invariant: holds the same timers as the heap; no inner map is empty. */
  readonly #addresses = new Map<string, Map<KeyId, TimersOfAddress>>();
  #nextSequence = 0;

  constructor(options: HeapTimersOptions) {
    this.#keyGroupOf = options.keyGroupOf;
  }

  get size(): number {
    return this.#heap.size;
  }

  nextTime(): number {
    return this.#heap.peek()?.time ?? Infinity;
  }

  register(key: KeyId, namespace: string, time: number): void {
    if (!this.#insert(key, namespace, time, this.#nextSequence)) return;
    this.#nextSequence += 1;
    this.onChange(key, namespace);
  }

  delete(key: KeyId, namespace: string, time: number): void {
    const timer = this.#find(key, namespace, time);
    if (timer === undefined) return;
    this.#heap.remove(timer);
    this.#forget(timer);
    this.onChange(key, namespace);
  }

  fire(time: number, each: TimerCall, mayContinue: () => boolean): boolean {
    for (;;) {
      const timer = this.#heap.peek();
      if (timer === undefined || time < timer.time) return true;
      if (!mayContinue()) return false;
      this.#heap.remove(timer);
      this.#forget(timer);
      this.onChange(timer.key, timer.namespace);
      each(timer.time, timer.key, timer.namespace);
    }
  }

  /** Visits every (key, namespace) that has a timer. */
  forEachAddress(visit: (key: KeyId, namespace: string) => void): void {
    for (const [namespace, ofNamespace] of this.#addresses) {
      for (const key of ofNamespace.keys()) visit(key, namespace);
    }
  }

  /** What holds the timers; for tests, see KeyedComponent. */
  heldObjects(): readonly object[] {
    return [this.#addresses, this.#heap];
  }

  /** Visits the timers of an address. */
  forEachAt(key: KeyId, namespace: string, visit: (time: number, sequence: number) => void): void {
    for (const timer of this.#timersAt(key, namespace)) visit(timer.time, timer.sequence);
  }

  countAt(key: KeyId, namespace: string): number {
    return this.#timersAt(key, namespace).length;
  }

  /** Puts back a timer that `forEachAt` visited. */
  restore(key: KeyId, namespace: string, time: number, sequence: number): void {
    this.#insert(key, namespace, time, sequence);
    this.#nextSequence = Math.max(this.#nextSequence, sequence + 1);
  }

  /** Removes all timers of an address; no change is reported, it belongs to a restore. */
  removeAt(key: KeyId, namespace: string): void {
    for (const timer of this.#timersAt(key, namespace)) {
      this.#heap.remove(timer);
      this.#forget(timer);
    }
  }

  #timersAt(key: KeyId, namespace: string): readonly Timer[] {
    const found = this.#addresses.get(namespace)?.get(key);
    if (found === undefined) return [];
    return found instanceof Map ? [...found.values()] : [found];
  }

  #find(key: KeyId, namespace: string, time: number): Timer | undefined {
    const found = this.#addresses.get(namespace)?.get(key);
    if (found instanceof Map) return found.get(time);
    return found !== undefined && found.time === time ? found : undefined;
  }

  /** Returns false, and changes nothing, where the timer is there already. */
  #insert(key: KeyId, namespace: string, time: number, sequence: number): boolean {
    assert(!Number.isNaN(time), "a timer has a time");
    let ofNamespace = this.#addresses.get(namespace);
    if (ofNamespace === undefined) {
      ofNamespace = new Map();
      this.#addresses.set(namespace, ofNamespace);
    }
    const present = ofNamespace.get(key);
    if (present instanceof Map ? present.has(time) : present?.time === time) return false;

    const timer: Timer = { time, key, namespace, group: this.#keyGroupOf(key), sequence, heapIndex: NOT_IN_HEAP };
    if (present === undefined) ofNamespace.set(key, timer);
    else if (present instanceof Map) present.set(time, timer);
    else ofNamespace.set(key, new Map([[present.time, present], [time, timer]]));
    this.#heap.push(timer);
    return true;
  }

  #forget(timer: Timer): void {
    const ofNamespace = this.#addresses.get(timer.namespace)!;
    const present = ofNamespace.get(timer.key);
    if (present instanceof Map) {
      present.delete(timer.time);
      if (0 < present.size) return;
    }
    ofNamespace.delete(timer.key);
    if (ofNamespace.size === 0) this.#addresses.delete(timer.namespace);
  }
}

function compareTimers(a: Timer, b: Timer): number {
  // Not by subtraction: ∞ − ∞ is NaN.
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return a.group - b.group || a.sequence - b.sequence;
}
