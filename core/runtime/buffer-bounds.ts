/**
 * A buffer is sent when it holds this many rows or bytes, when the buffer timeout has passed, or when its task has nothing else to do. A batch of columns for
 * one channel fits one buffer.
 */
export const BUFFER_ROWS_MAX = 1_024;
export const BUFFER_BYTES_MAX = 64 * 1024;
