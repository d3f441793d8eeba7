import type { Type } from "../data/type.ts";
import type { StateTableOptions } from "../state/keyed-state.ts";
import { type MergingEntry, MergingWindowSet } from "./merging-window-set.ts";
import { TimeWindow } from "./time-window.ts";

/** Panes move with their windows, so a window is its own state window once it is stored. */
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

/** The windows in flight of every key, as keyed state: part of every snapshot of windows that merge. */
export const MERGING_WINDOWS: StateTableOptions<MergingWindowSet> = { name: "merging-windows", kind: "merging-windows", type: setType };
