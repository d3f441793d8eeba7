export { ArrowBatches, type ArrowOptions } from "./arrow-batches.ts";
export { ArrowCollector } from "./arrow-collector.ts";
export type { ArrowData } from "./arrow-input.ts";
export { arrowSource, ArrowSource, type ArrowOrigin, type ArrowSplit } from "./arrow-source.ts";
export { arrowBytes, arrowTable, type ArrowBytesOptions, type ArrowTableOptions } from "./arrow-table.ts";
export type { Int64Values } from "./column-importer.ts";
