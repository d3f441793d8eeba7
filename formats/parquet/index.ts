export type { Int64Values } from "./parquet-batches.ts";
export type { ParquetBuffer, ParquetCompressors } from "./parquet-file.ts";
export { parquetSource, ParquetSource, type ParquetOptions, type ParquetOrigin, type ParquetSplit } from "./parquet-source.ts";
