import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { JobError } from "../../core/lib/errors.ts";
import { type ParquetOptions, ParquetSource } from "../../formats/parquet/index.ts";
import { fileError } from "./file-errors.ts";
import type { FilePath } from "./file-source.ts";
import { findFiles } from "./find-files.ts";

/**
 * Parquet files as column batches: `parquetSource` of `tamias/parquet` over files, folders and patterns, as `FileSource` finds
 * them. Reading needs the package `hyparquet`, and for compression other than Snappy `hyparquet-compressors`.
 *
 * @example
 * ```ts
 * env.fromSource(parquetFileSource<Trip>("trips/*.parquet", { columns: ["pickup", "fare"] }), WatermarkStrategy.noWatermarks(), "trips");
 * ```
 */
export function parquetFileSource<T extends object = Record<string, unknown>>(
  paths: FilePath | readonly FilePath[],
  options: ParquetOptions = {},
): ParquetSource<T> {
  const list = (typeof paths === "string" || paths instanceof URL ? [paths] : paths).map((path) => (path instanceof URL ? fileURLToPath(path) : path));
  if (list.length === 0) throw new JobError("INVALID_ARGUMENT", "a Parquet source needs the path of a file or folder, or a pattern");
  return new ParquetSource(
    {
      description: `Parquet files ${list.join(", ")}`,
      discover: (answer, failure) => void findFiles(list).then(answer, failure),
      open: openParquet,
    },
    options,
  );
}

/** Each part is read through a descriptor of its own: nothing has to be closed when a job ends in the middle. */
async function openParquet(path: string): Promise<{ byteLength: number; slice(start: number, end?: number): Promise<ArrayBuffer> }> {
  const read = async <R>(work: (file: Awaited<ReturnType<typeof open>>) => Promise<R>): Promise<R> => {
    try {
      await using file = await open(path, "r");
      return await work(file);
    } catch (cause) {
      throw fileError("SOURCE_FAILED", "read", path, cause);
    }
  };
  const { size } = await read((file) => file.stat());
  return {
    byteLength: size,
    slice: (start, end = size) => {
      return read(async (file) => {
        const bytes = new Uint8Array(Math.max(0, end - start));
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
          if (bytesRead === 0) throw new Error("it has become shorter while it was read");
          filled += bytesRead;
        }
        return bytes.buffer;
      });
    },
  };
}
