/** What windows do with columns: take them, wait in the middle of a batch, and give their results as such. One part. */
export { WindowColumns } from "./window-columns.ts";
export { WindowResults } from "./window-results.ts";
