import type { KeyId } from "../data/key.ts";
import type { Type } from "../data/type.ts";
import { assert } from "../lib/assert.ts";
import { type KeyedState, NO_NAMESPACE, type StateTable } from "../state/keyed-state.ts";
import { type MergingEntry, MergingWindowSet } from "../windows/merging-window-set.ts";
import { TimeWindow } from "../windows/time-window.ts";

/**
 * The sessions in flight of every key, as keyed state. Panes move with their windows, so a window is its own state window once it
 * is stored.
 */
export class MergingWindows {
  readonly #sets: StateTable<MergingWindowSet>;

  constructor(state: KeyedState) {
    this.#sets = state.table({ name: "merging-windows", kind: "merging-windows", type: setType });
  }

  /**
   * Adds a window to those of the key; `onMerge` is told of the windows that become `result`. Returns the window that the added
   * one is part of.
   */
  add(
    key: KeyId,
    added: TimeWindow,
    onMerge: (key: KeyId, result: TimeWindow, merged: readonly TimeWindow[]) => void,
  ): TimeWindow {
    const set = this.#sets.get(key, NO_NAMESPACE) ?? new MergingWindowSet();
    const sizeBefore = set.size;
    let hasMerged = false;
    const window = set.addWindow(added, (result, merged) => {
      hasMerged = true;
      onMerge(key, result, merged);
    });
    if (hasMerged || set.size !== sizeBefore) this.#sets.put(key, NO_NAMESPACE, set);
    return window;
  }

  retire(key: KeyId, window: TimeWindow): void {
    const set = this.#sets.get(key, NO_NAMESPACE);
    assert(set !== undefined, "a key with a window to retire has a set of windows");
    set.retireWindow(window);
    if (set.size === 0) this.#sets.remove(key, NO_NAMESPACE);
    else this.#sets.put(key, NO_NAMESPACE, set);
  }
}

const setType: Type<MergingWindowSet> = {
  name: "merging-windows",
  write(writer, set) {
    const entries = set.entries();
    writer.varint(entries.length);
    for (const { window } of entries) {
      writer.f64(window.start);
      writer.f64(window.end);
    }
  },
  read(reader) {
    const entries: MergingEntry[] = [];
    for (let count = reader.count(); 0 < count; count -= 1) {
      const window = new TimeWindow(reader.f64(), reader.f64());
      entries.push({ window, stateWindow: window });
    }
    return new MergingWindowSet(entries);
  },
};
