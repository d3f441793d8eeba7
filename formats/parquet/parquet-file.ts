import type { FileMetaData, ParquetParsers, ParquetScan } from "hyparquet";
import { JobError } from "../../core/lib/errors.ts";

/** A file of which parts can be read: what `asyncBufferFromUrl` and `asyncBufferFromFile` of hyparquet give. An ArrayBuffer is one. */
export interface ParquetBuffer {
  readonly byteLength: number;
  slice(start: number, end?: number): ArrayBuffer | Promise<ArrayBuffer>;
}

/** Decompresses pages: from `hyparquet-compressors`, or a selection of them. */
export type ParquetCompressors = { readonly [codec: string]: (input: Uint8Array, outputLength: number) => Uint8Array };

/** What decoding a column gives. */
export type DecodedValues = ArrayLike<unknown>;

/** What the schema of a file says of a column. Written out here, since the types of an optional package cannot be part of ours. */
export interface ParquetElement {
  readonly name: string;
  readonly type?: string;
  readonly repetition_type?: string;
  readonly num_children?: number;
  readonly converted_type?: string;
  readonly logical_type?: { readonly type: string };
}

/** Rows [rowStart, rowEnd) of the file: a row group. */
export interface RowRange {
  readonly rowStart: number;
  readonly rowEnd: number;
}

/** Codecs that hyparquet has by itself. */
const OWN_CODECS = new Set(["UNCOMPRESSED", "SNAPPY"]);

/** Dates and timestamps are ms since the epoch, as everywhere here. hyparquet hands over the absent values too. */
const PARSERS = {
  timestampFromMilliseconds: (value: bigint | undefined) => (isAbsent(value) ? value : Number(value)),
  timestampFromMicroseconds: (value: bigint | undefined) => (isAbsent(value) ? value : Number(value) / 1e3),
  // Beyond 2^53: the whole milliseconds are taken before it becomes a number.
  timestampFromNanoseconds: (value: bigint | undefined) => (isAbsent(value) ? value : Number(value / 1_000_000n) + Number(value % 1_000_000n) / 1e6),
  dateFromDays: (value: number | undefined) => (isAbsent(value) ? value : value * 86_400_000),
} satisfies Partial<ParquetParsers>;

function isAbsent(value: unknown): value is undefined {
  return value === undefined || value === null;
}

/** One open Parquet file, of which columns are read row group by row group. */
export class ParquetFile {
  readonly rowCount: number;
  readonly ranges: readonly RowRange[];
  /** Of the chosen columns, in their order. */
  readonly columns: readonly ParquetElement[];
  readonly #scan: ParquetScan;

  private constructor(scan: ParquetScan, columns: readonly ParquetElement[]) {
    this.rowCount = Number(scan.metadata.num_rows);
    this.ranges = scan.ranges;
    this.columns = columns;
    this.#scan = scan;
  }

  /** @throws JobError INVALID_ARGUMENT where a package or a column is missing; whatever hyparquet throws where the file is none. */
  static async open(name: string, buffer: ParquetBuffer, chosen: readonly string[] | undefined, given: ParquetCompressors | undefined): Promise<ParquetFile> {
    const { parquetMetadataAsync, parquetScan, parquetSchema } = await packageOf(() => import("hyparquet"), "reading Parquet", "hyparquet");
    const metadata = await parquetMetadataAsync(buffer);
    const all = parquetSchema(metadata).children.map(({ element }) => element);
    const columns = (chosen ?? all.map((element) => element.name)).map((column) => {
      const element = all.find((candidate) => candidate.name === column);
      if (element !== undefined) return element;
      throw new JobError("INVALID_ARGUMENT", `the Parquet file "${name}" has no column "${column}"; it has ${all.map((each) => each.name).join(", ")}`);
    });
    const names = columns.map((column) => column.name);
    const compressors = given ?? (await compressorsFor(metadata, new Set(names)));
    const parsers = PARSERS as unknown as Partial<ParquetParsers>;
    const scan = await parquetScan({ file: buffer, metadata, columns: names, parsers, ...(compressors === undefined ? {} : { compressors }) });
    return new ParquetFile(scan, columns);
  }

  /** The values of the chosen columns: no rows are made. */
  async read(range: RowRange): Promise<readonly DecodedValues[]> {
    const columns: DecodedValues[] = [];
    // One after the other: decoding is work for the processor, and none waits for another's bytes for long.
    for (const { name } of this.columns) {
      const values = await this.#scan.readColumn({ column: name, ...range });
      if (values.length !== range.rowEnd - range.rowStart) throw new Error(`column "${name}" holds ${values.length} values for ${range.rowEnd - range.rowStart} rows`);
      columns.push(values);
    }
    return columns;
  }
}

async function compressorsFor(metadata: FileMetaData, names: ReadonlySet<string>): Promise<ParquetCompressors | undefined> {
  const chunks = metadata.row_groups.flatMap((group) => group.columns.flatMap((chunk) => chunk.meta_data ?? []));
  const foreign = chunks.find(({ codec, path_in_schema: [name] }) => name !== undefined && names.has(name) && !OWN_CODECS.has(codec));
  if (foreign === undefined) return undefined;
  const { compressors } = await packageOf(() => import("hyparquet-compressors"), `Parquet that is compressed with ${foreign.codec}`, "hyparquet-compressors");
  return compressors as ParquetCompressors;
}

/** Optional packages are imported when they are needed, and their absence says what to install. */
async function packageOf<M>(load: () => Promise<M>, what: string, name: string): Promise<M> {
  try {
    return await load();
  } catch (cause) {
    throw new JobError("INVALID_ARGUMENT", `${what} needs the package ${name}, which cannot be loaded; install it: npm install ${name}`, { cause });
  }
}
