import { GlobalWindow } from "./time-window.ts";
import type { WindowAssigner } from "./window-assigner.ts";

/**
 * All records of a key in one window, for ever. Without a trigger it never fires; with the end-of-stream trigger it fires once,
 * when the input ends.
 *
 * ```ts
 * keyed.window(GlobalWindows.createWithEndOfStreamTrigger());
 * ```
 */
export class GlobalWindows implements WindowAssigner<unknown, GlobalWindow> {
  readonly kind = "GlobalWindows";
  readonly isEventTime = false;
  readonly isMerging = false;
  readonly hasOneWindowPerRecord = true;
  readonly defaultTrigger: "endOfStream" | "never";
  readonly #windows = [GlobalWindow.get()];

  private constructor(defaultTrigger: "endOfStream" | "never") {
    this.defaultTrigger = defaultTrigger;
  }

  /** Never fires by itself: for count windows and triggers of your own. */
  static create(): GlobalWindows {
    return new GlobalWindows("never");
  }

  /** Fires when the input has ended. */
  static createWithEndOfStreamTrigger(): GlobalWindows {
    return new GlobalWindows("endOfStream");
  }

  assignWindows(): readonly GlobalWindow[] {
    return this.#windows;
  }

  describe(): string {
    return this.defaultTrigger === "endOfStream" ? `${this.kind}(fires at the end of the stream)` : `${this.kind}()`;
  }
}
