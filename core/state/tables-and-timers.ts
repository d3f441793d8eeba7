/** State by key and timers on the heap: one part, which operators with functions that have either need. */
export { HeapTimers } from "../time/timer-heap.ts";
export { freezerOf } from "./deep-freeze.ts";
export { HeapTable, tableFormat } from "./heap-table.ts";
export { registerTimers } from "./timer-components.ts";
