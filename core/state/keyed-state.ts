import type { Type } from "../data/type.ts";
import type { KeyId } from "../data/key.ts";
import type { ByteReader, ByteWriter } from "../lib/bytes.ts";

/**
 * The part of an address beside the key: "" for state of a key alone, a window's canonical text for state of a window.
 * Strings, so that every address can be stored and compared.
 */
export type Namespace = string;
export const NO_NAMESPACE: Namespace = "";

/** One named table of keyed state, addressed explicitly: there is no current key inside the engine. */
export interface StateTable<V> {
  get(key: KeyId, namespace: Namespace): V | undefined;
  put(key: KeyId, namespace: Namespace, value: V): void;
  remove(key: KeyId, namespace: Namespace): void;
  /** Visits every live address; the table must not change meanwhile. */
  forEach(visit: (key: KeyId, namespace: Namespace, value: V) => void): void;
  readonly size: number;
}

export interface StateTableOptions<V> {
  readonly name: string;
  /** The kind of state (`value`, `list`, `map`, …); one name keeps one kind and one type. */
  readonly kind: string;
  readonly type: Type<V>;
}

/**
 * Keyed state of one operator subtask. Operators reach state through this, `Timers`, `Panes` and `Output` only, so
 * that a real Flink can stand behind them.
 */
export interface KeyedState {
  readonly maxParallelism: number;
  /** @throws JobError STATE_TYPE_CONFLICT when the name is taken by another kind or type. */
  table<V>(options: StateTableOptions<V>): StateTable<V>;
}

/**
 * Anything that is kept by key and must be part of snapshots: state tables, timers, panes. What it holds is a set of
 * entries, each with an address (key, namespace) and a value it can write; snapshots, deltas, key groups and restores
 * are built on this alone.
 */
export interface KeyedComponent {
  /** Unique within its operator, part of the stored format: `state/<name>`, `timers/<name>`, `panes/<name>`. */
  readonly name: string;
  /** Names the format of the values; a restore with another one is refused. */
  readonly format: string;
  /** Visits the address of every live entry, in an order that `restoreEntry` calls may repeat. Between snapshots, those may be missing that the next one reports as changed. */
  forEachAddress(visit: (key: KeyId, namespace: Namespace) => void): void;
  /** Writes the value at the address; returns false, and writes nothing, where there is none (it was removed). */
  writeEntry(key: KeyId, namespace: Namespace, writer: ByteWriter): boolean;
  /**
   * Puts back a value that `writeEntry` of this or an equal component wrote, in place of whatever is at the address:
   * a restore replays a base and then its deltas. Reads exactly what was written, and reports no change. It mostly
   * runs within `register`, before the tracker is known.
   */
  restoreEntry(key: KeyId, namespace: Namespace, reader: ByteReader): void;
  /** Takes away what `restoreEntry` put back, where there is anything: a delta says that it was removed. */
  removeRestored(key: KeyId, namespace: Namespace): void;
  /** Called when a snapshot begins: the last moment to report changes. */
  prepareSnapshot?(): void;
  /**
   * Called when a snapshot begins, in place of `prepareSnapshot`: all entries as they are now, to be written later while this goes on changing. What changed
   * since the last call is told by what it returns. Undefined where that would cost as much as writing them.
   */
  freeze?(): FrozenEntries | undefined;
  /** Whether there is no entry, so that nothing need be frozen. Absent: unknown. */
  readonly isEmpty?: boolean;
  /** The objects that hold the entries, for tests: they make the state of a discarded job unusable, so that what a restored one shares with it is found. */
  heldObjects?(): readonly object[];
}

/** Visits some entries, and is called once. */
export type EntryBlock = (visit: (key: KeyId, namespace: Namespace) => void) => void;

/** The entries of a component at one moment, in blocks of a thousand or so, between which other work may be done. */
export interface FrozenEntries extends Pick<KeyedComponent, "name" | "format" | "writeEntry"> {
  /** All entries. */
  blocks(): Iterable<EntryBlock>;
  /** The entries that have changed since the component was last frozen, and were not reported to its tracker. */
  changedBlocks(): Iterable<EntryBlock>;
  /** Everything is written: what holds the entries may be used for the next ones. */
  release?(): void;
}

/** Where components are kept and told of changes. */
export interface ComponentRegistry {
  readonly maxParallelism: number;
  /** Adds a component and gives it what a restored snapshot holds under its name. */
  register(component: KeyedComponent): ChangeTracker;
}

/** Told of every address that changed or was removed, so that a snapshot can be a delta. */
export interface ChangeTracker {
  /**
   * Grows with every snapshot. An entry that remembers the interval of its last `changed` call may leave out further
   * calls in the same interval.
   */
  readonly interval: number;
  /** True while changes need not be known, since there is no snapshot that a delta could go on from: then `changed` need not be called. */
  readonly isIdle?: boolean;
  changed(key: KeyId, namespace: Namespace): void;
}
