import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import type { KeyId } from "../data/key.ts";
import type { HeapTimers, TimerSet } from "../time/timer-heap.ts";
import type { ComponentRegistry, KeyedComponent, Namespace } from "./keyed-state.ts";

/** Makes the timers of an operator part of its snapshots, and puts back those that were restored. */
export function registerTimers(timers: HeapTimers, registry: ComponentRegistry): void {
  registerSet("timers/event", timers.eventTime, registry);
  registerSet("timers/processing", timers.processingTime, registry);
}

function registerSet(name: string, timers: TimerSet, registry: ComponentRegistry): void {
  const tracker = registry.register(new TimerComponent(name, timers));
  timers.onChange = (key, namespace) => tracker.changed(key, namespace);
}

/** The entry at an address is the list of its timers: time and order of registration of each. */
class TimerComponent implements KeyedComponent {
  readonly name: string;
  readonly format = "timers 1";
  readonly #timers: TimerSet;

  constructor(name: string, timers: TimerSet) {
    this.name = name;
    this.#timers = timers;
  }

  get isEmpty(): boolean {
    return this.#timers.size === 0;
  }

  forEachAddress(visit: (key: KeyId, namespace: Namespace) => void): void {
    this.#timers.forEachAddress(visit);
  }

  writeEntry(key: KeyId, namespace: Namespace, writer: ByteWriter): boolean {
    const count = this.#timers.countAt(key, namespace);
    if (count === 0) return false;
    writer.varint(count);
    this.#timers.forEachAt(key, namespace, (time, sequence) => {
      writer.f64(time);
      writer.varint(sequence);
    });
    return true;
  }

  restoreEntry(key: KeyId, namespace: Namespace, reader: ByteReader): void {
    this.#timers.removeAt(key, namespace);
    const count = reader.varint();
    for (let index = 0; index < count; index += 1) {
      const time = reader.f64();
      if (Number.isNaN(time)) throw corrupt(`a timer before byte ${reader.position} has no time`);
      this.#timers.restore(key, namespace, time, reader.varint());
    }
  }

  removeRestored(key: KeyId, namespace: Namespace): void {
    this.#timers.removeAt(key, namespace);
  }

  heldObjects(): readonly object[] {
    return this.#timers.heldObjects();
  }
}
