import { Part } from "../lib/part.ts";

/** What keeps state by key, and timers. */
export const tablesAndTimers = /* @__PURE__ */ new Part(() => import("./tables-and-timers.ts"));
/** What takes, writes and reads snapshots of state. A job that is not restored and takes no checkpoint has no use for it. */
export const snapshotCode = /* @__PURE__ */ new Part(() => import("./snapshot-code.ts"));
