import { assert } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import type { KeyId } from "../data/key.ts";
import type { AddressSet } from "./change-log.ts";
import type { HeapTable } from "./heap-table.ts";
import type { KeyGroupRange } from "./key-groups.ts";
import type { KeyedSnapshots } from "./keyed-snapshots.ts";
import type { ChangeTracker, ComponentRegistry, KeyedComponent, KeyedState, Namespace, StateTable, StateTableOptions } from "./keyed-state.ts";
import type { KeyedSnapshot, KeyedStateHandle, PartName, TakenSnapshot } from "./snapshot.ts";
import { snapshotCode, tablesAndTimers } from "./state-parts.ts";

export interface KeyedStoreOptions {
  readonly maxParallelism: number;
  /** The key groups of this subtask. */
  readonly keyGroups: KeyGroupRange;
  readonly partName: PartName;
  /** For tests: values are frozen when they are put, so that one that is changed without `update` is found. Default false. */
  readonly freeze?: boolean;
}

/** What a component reports to. Nobody asks for its changes before the first snapshot. */
export class SwitchedTracker implements ChangeTracker {
  interval = 0;
  /** Where changes go; undefined: they need not be known. */
  changes: AddressSet | undefined;

  get isIdle(): boolean {
    return this.changes === undefined;
  }

  changed(key: KeyId, namespace: Namespace): void {
    if (this.changes !== undefined) this.changes.add(key, namespace);
  }
}

interface Registered {
  readonly component: KeyedComponent;
  readonly tracker: SwitchedTracker;
}

/** The keyed state of one operator subtask on the heap: its components, and from the first snapshot or a restore on what becomes of them in snapshots. */
export class KeyedStore implements KeyedState, ComponentRegistry {
  readonly maxParallelism: number;
  readonly #options: KeyedStoreOptions;
  readonly #components = new Map<string, Registered>();
  readonly #tables = new Map<string, HeapTable<never>>();
  #snapshots: KeyedSnapshots | undefined;

  constructor(options: KeyedStoreOptions) {
    this.maxParallelism = options.maxParallelism;
    this.#options = options;
  }

  table<V>(options: StateTableOptions<V>): StateTable<V> {
    const { HeapTable, freezerOf, tableFormat } = tablesAndTimers.module;
    const present = this.#tables.get(options.name);
    if (present === undefined) {
      const table = new HeapTable(options, this, this.#options.freeze === true ? freezerOf(options.kind) : undefined);
      this.#tables.set(options.name, table as unknown as HeapTable<never>);
      return table;
    }
    const format = tableFormat(options.kind, options.type);
    if (present.format === format) return present as unknown as StateTable<V>;
    throw new JobError(
      "STATE_TYPE_CONFLICT",
      `state "${options.name}" is used as ${present.format} and as ${format} in one operator; give one of them another name`,
    );
  }

  register(component: KeyedComponent): ChangeTracker {
    assert(!this.#components.has(component.name), "a component is registered once");
    const tracker = new SwitchedTracker();
    this.#snapshots?.register(component, tracker);
    this.#components.set(component.name, { component, tracker });
    return tracker;
  }

  /**
   * Writes what changed since the last completed checkpoint, everything where there is none; one call per checkpoint,
   * ids ascending.
   */
  snapshot(checkpointId: number): KeyedSnapshot {
    return this.take(checkpointId).finish();
  }

  /** The same in steps: see `KeyedSnapshots`. */
  take(checkpointId: number): TakenSnapshot {
    return this.#withSnapshots().take(checkpointId);
  }

  /** Writes everything, and leaves checkpoints as they are. */
  savepoint(savepointId: number): KeyedSnapshot {
    return this.#withSnapshots().savepoint(savepointId);
  }

  /** The checkpoint is durable: deltas go on from it. */
  completed(checkpointId: number): void {
    this.#snapshots?.completed(checkpointId);
  }

  /** The checkpoint failed: nothing will go on from it. */
  aborted(checkpointId: number): void {
    this.#snapshots?.aborted(checkpointId);
  }

  /**
   * Takes the key groups of this subtask out of the handles, before anything is put. Components may register before or after.
   * @throws JobError RESTORE_MISMATCH for another maximum of parallelism; CORRUPT_DATA
   */
  restore(handles: readonly KeyedStateHandle[], read: (part: string) => Uint8Array): void {
    this.#withSnapshots().restore(handles, read);
  }

  /** What holds the entries of every component; see KeyedComponent. */
  heldObjects(): readonly object[] {
    return [...this.#components.values()].flatMap(({ component }) => component.heldObjects?.() ?? []);
  }

  #withSnapshots(): KeyedSnapshots {
    if (this.#snapshots === undefined) {
      this.#snapshots = new snapshotCode.module.KeyedSnapshots(this.#options);
      for (const { component, tracker } of this.#components.values()) this.#snapshots.register(component, tracker);
    }
    return this.#snapshots;
  }
}
