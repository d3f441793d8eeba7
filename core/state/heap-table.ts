import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { JobError } from "../lib/errors.ts";
import { KeyMap } from "../data/key-map.ts";
import { type KeyId, showKey } from "../data/key.ts";
import type { Type } from "../data/type.ts";
import {
  type ChangeTracker,
  type ComponentRegistry,
  type KeyedComponent,
  type Namespace,
  NO_NAMESPACE,
  type StateTable,
  type StateTableOptions,
} from "./keyed-state.ts";

interface Entry<V> {
  readonly key: KeyId;
  value: V;
  /** The tracker's interval in which the change of this entry was last reported. */
  reportedIn: number;
}

/** Older than every interval. */
const NEVER = -1;

/** A state table on the heap. */
export class HeapTable<V> implements StateTable<V>, KeyedComponent {
  readonly name: string;
  readonly format: string;
  readonly #type: Type<V>;
  readonly #freeze: ((value: V) => void) | undefined;
  /** Most state has no namespace: its entries are one look-up away. */
  readonly #plain = new KeyMap<Entry<V>>();
  /** Invariant: no inner map is empty, apart from the first. */
  readonly #namespaces = new Map<Namespace, KeyMap<Entry<V>>>([[NO_NAMESPACE, this.#plain]]);
  /** What was read last without a namespace: mostly it is what is put next. */
  #last: Entry<V> | undefined;
  readonly #tracker: ChangeTracker;
  #size = 0;

  /** @param freeze called with every value that is put */
  constructor(options: StateTableOptions<V>, registry: ComponentRegistry, freeze?: (value: V) => void) {
    this.name = `state/${options.name}`;
    this.format = tableFormat(options.kind, options.type);
    this.#type = options.type;
    this.#freeze = freeze;
    this.#tracker = registry.register(this);
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  get size(): number {
    return this.#size;
  }

  get(key: KeyId, namespace: Namespace): V | undefined {
    if (namespace !== NO_NAMESPACE) return this.#namespaces.get(namespace)?.get(key)?.value;
    const entry = this.#plain.get(key);
    this.#last = entry;
    return entry?.value;
  }

  put(key: KeyId, namespace: Namespace, value: V): void {
    if (this.#freeze !== undefined) this.#freeze(value);
    let entry = this.#last;
    if (entry !== undefined && entry.key === key && namespace === NO_NAMESPACE) entry.value = value;
    else entry = this.#set(key, namespace, value);
    if (entry.reportedIn === this.#tracker.interval) return;
    entry.reportedIn = this.#tracker.interval;
    this.#tracker.changed(key, namespace);
  }

  remove(key: KeyId, namespace: Namespace): void {
    if (this.#delete(key, namespace)) this.#tracker.changed(key, namespace);
  }

  forEach(visit: (key: KeyId, namespace: Namespace, value: V) => void): void {
    for (const [namespace, entries] of this.#namespaces) {
      entries.forEach(({ key, value }) => visit(key, namespace, value));
    }
  }

  forEachAddress(visit: (key: KeyId, namespace: Namespace) => void): void {
    for (const [namespace, entries] of this.#namespaces) {
      entries.forEach(({ key }) => visit(key, namespace));
    }
  }

  writeEntry(key: KeyId, namespace: Namespace, writer: ByteWriter): boolean {
    const entry = this.#namespaces.get(namespace)?.get(key);
    if (entry === undefined) return false;
    try {
      this.#type.write(writer, entry.value);
    } catch (cause) {
      if (!(cause instanceof JobError)) throw cause;
      throw new JobError(cause.code, `${this.name}: ${cause.reason}`, { key: showKey(key), ...cause.place, cause });
    }
    return true;
  }

  restoreEntry(key: KeyId, namespace: Namespace, reader: ByteReader): void {
    const value = this.#type.read(reader);
    if (this.#freeze !== undefined) this.#freeze(value);
    this.#set(key, namespace, value);
  }

  removeRestored(key: KeyId, namespace: Namespace): void {
    this.#delete(key, namespace);
  }

  heldObjects(): readonly object[] {
    return [this.#namespaces];
  }

  #set(key: KeyId, namespace: Namespace, value: V): Entry<V> {
    let entries = namespace === NO_NAMESPACE ? this.#plain : this.#namespaces.get(namespace);
    if (entries === undefined) {
      entries = new KeyMap();
      this.#namespaces.set(namespace, entries);
    }
    const present = entries.get(key);
    if (present !== undefined) {
      present.value = value;
      return present;
    }
    const entry = { key, value, reportedIn: NEVER };
    entries.set(key, entry);
    this.#size += 1;
    return entry;
  }

  #delete(key: KeyId, namespace: Namespace): boolean {
    const entries = namespace === NO_NAMESPACE ? this.#plain : this.#namespaces.get(namespace);
    if (entries === undefined || !entries.delete(key)) return false;
    this.#last = undefined;
    this.#size -= 1;
    if (entries.size === 0 && namespace !== NO_NAMESPACE) this.#namespaces.delete(namespace);
    return true;
  }
}

/** Two tables with one format read each other's entries. */
export function tableFormat(kind: string, type: { readonly name: string }): string {
  return `${kind} ${type.name}`;
}
