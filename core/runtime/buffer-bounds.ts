/**
 * A buffer is sent when it holds this many rows or bytes, when the buffer timeout has passed, or when its task has nothing else to do. A batch of columns for
 * one channel fits one buffer.
 */
export const BUFFER_ROWS_MAX = 1_024;
/** The same of records in columns, of which one more costs less than each further buffer: as many as sources give at once. */
export const BUFFER_COLUMN_ROWS_MAX = 4_096;
export const BUFFER_BYTES_MAX = 64 * 1024;
