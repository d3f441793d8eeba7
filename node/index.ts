export { NODE_STORAGES } from "./storages.ts";
export { loadKernelModule } from "./kernel-module.ts";
export { NodeCluster, type NodeClusterOptions } from "./cluster.ts";
export { FileSource, textFileSource, jsonLinesFileSource, csvFileSource, type FileFormat, type FilePath } from "./files/file-source.ts";
export { StreamSource, stdinSource } from "./files/stdin-source.ts";
export { TextLineInputFormat, NumberedLineFormat, type NumberedLine } from "./files/text-line-format.ts";
export { JsonLinesFormat, type JsonLinesOptions } from "./files/json-lines-format.ts";
export { jsonLinesColumns, type JsonLinesColumnsOptions } from "./files/json-lines-columns.ts";
export { CsvFormat, type CsvOptions, type CsvRow } from "./files/csv-format.ts";
export { csvColumns, type CsvColumnsOptions, type CsvValues } from "./files/csv-columns.ts";
export type { FieldKind } from "./files/line-column.ts";
export {
  LINE_BYTES_MAX_DEFAULT,
  MalformedLine,
  NO_RECORD,
  type ColumnTextFormat,
  type LineColumns,
  type LineDecoder,
  type LineFormat,
  type LineOutcome,
  type OnMalformed,
  type RecordCheck,
  type TextFormat,
  type TextFormatOptions,
} from "./files/text-format.ts";
export { FileSink, type FileSinkOptions } from "./files/file-sink.ts";
export type { LineEncoder, LineEncoding } from "./files/line-file-sink.ts";
export { jsonLinesEncoding, jsonLinesFileSink } from "./files/json-lines-sink.ts";
export { csvEncoding, csvFileSink, type CsvSinkOptions } from "./files/csv-sink.ts";
export { parquetFileSource } from "./files/parquet-file-source.ts";
