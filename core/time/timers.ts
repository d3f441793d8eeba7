import type { KeyId } from "../data/key.ts";

/**
 * Event-time and processing-time timers of one operator subtask, a set of (time, key, namespace) for each of the two time domains.
 * Fires by time, then key group, then order of registration.
 */
export interface Timers {
  registerEventTime(key: KeyId, namespace: string, time: number): void;
  deleteEventTime(key: KeyId, namespace: string, time: number): void;
  registerProcessingTime(key: KeyId, namespace: string, time: number): void;
  deleteProcessingTime(key: KeyId, namespace: string, time: number): void;
  /** Time of the earliest event-time timer; +∞ where there is none. */
  nextEventTime(): number;
  nextProcessingTime(): number;
  /**
   * Fires event-time timers up to and including `time`, each removed before its call. Stops early when `mayContinue()` says no.
   * Returns whether all of them have fired; timers that a call registers within the time are fired too.
   */
  fireEventTime(time: number, each: TimerCall, mayContinue: () => boolean): boolean;
  fireProcessingTime(time: number, each: TimerCall, mayContinue: () => boolean): boolean;
  readonly eventTimeCount: number;
  readonly processingTimeCount: number;
}

export type TimerCall = (time: number, key: KeyId, namespace: string) => void;
