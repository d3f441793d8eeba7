/**
 * Loads the flights as columns, wherever the job runs.
 *
 * Facts about the files of `vega-datasets` (US flights of the first half of 2001):
 * - `flights-3m.parquet`: 3,000,000 rows in 11 row groups, ZSTD pages, five nullable columns without a single null. `date`
 *   is in µs (UTC, whole minutes) and never steps back from row to row; `delay` is in minutes, from −1,116 to 1,688,
 *   negative where a flight came early; `distance` is in miles.
 * - `flights-20k.json`: 20,000 objects whose `date` is `YYYY/MM/DD hh:mm`, UTC.
 */
import { civilFault, digitsAt, timestampOf } from "../civil-time.ts";
import { extensionOf, nodeModule, readInput } from "../input-file.ts";
import { emptyColumns, FlightTable, type FileColumns } from "./flight-table.ts";

export interface LoadFlightsOptions {
  /** Called after each part of the file that has been read. */
  readonly onProgress?: (rowsRead: number, rowsTotal: number) => void;
}

const COLUMNS = ["date", "delay", "distance", "origin", "destination"] as const;
type ColumnName = (typeof COLUMNS)[number];

/** The path of a file in the `data` folder of the installed package `vega-datasets`, by default of the 3 M flights. */
export function flightsFile(name = "flights-3m.parquet"): string {
  const entry = nodeModule("node:module").createRequire(import.meta.url).resolve("vega-datasets");
  return nodeModule("node:path").join(entry, "../../data", name);
}

/**
 * Reads `*.parquet` or `*.json`, a file or an address, in the order of arrival. The 3 M flights take about three seconds.
 *
 * @throws Error that names the file, and the row where one is to blame.
 */
export async function loadFlights(input: string = flightsFile(), options: LoadFlightsOptions = {}): Promise<FlightTable> {
  const decode = DECODERS[extensionOf(input)];
  if (decode === undefined) throw new Error(`cannot load flights from ${input}: the name must end in .parquet or .json`);
  try {
    return new FlightTable(await decode(await readInput(input), options));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot load flights from ${input}: ${reason}`, { cause: error });
  }
}

type Decoder = (bytes: ArrayBuffer, options: LoadFlightsOptions) => FileColumns | Promise<FileColumns>;

const DECODERS: Readonly<Record<string, Decoder>> = { ".parquet": decodeParquet, ".json": decodeJson };

/**
 * Row group by row group, so that no more than one of them is held in decoded form beside the result: decoded values take
 * several times the memory of our columns.
 */
async function decodeParquet(file: ArrayBuffer, options: LoadFlightsOptions): Promise<FileColumns> {
  // Only where it is needed: JSON does without them.
  const [{ parquetMetadata, parquetScan }, { compressors }] = await Promise.all([import("hyparquet"), import("hyparquet-compressors")]);
  const metadata = parquetMetadata(file);
  checkSchema(metadata.schema.map((element) => element.name));
  const scan = await parquetScan({
    file,
    metadata,
    compressors,
    columns: [...COLUMNS],
    parsers: {
      timestampFromMilliseconds: (value: bigint | undefined) => value && Number(value),
      timestampFromMicroseconds: (value: bigint | undefined) => value && Number(value) / 1e3,
      timestampFromNanoseconds: (value: bigint | undefined) => value && Number(value) / 1e6,
    },
  });
  const rows = Number(metadata.num_rows);
  const columns = emptyColumns(rows);
  for (const range of scan.ranges) {
    for (const column of COLUMNS) {
      const values = await scan.readColumn({ column, ...range });
      const rowsHere = range.rowEnd - range.rowStart;
      if (values.length !== rowsHere) throw new Error(`column "${column}" holds ${values.length} values for ${rowsHere} rows`);
      storeColumn(columns, column, values, range.rowStart);
    }
    options.onProgress?.(range.rowEnd, rows);
  }
  return columns;
}

function checkSchema(names: readonly string[]): void {
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (missing.length === 0) return;
  throw new Error(`it has no column ${missing.map((name) => `"${name}"`).join(", ")}; flights have ${COLUMNS.join(", ")}`);
}

function storeColumn(columns: FileColumns, name: ColumnName, values: ArrayLike<unknown>, rowStart: number): void {
  if (name === "origin" || name === "destination") storeAirports(columns, name, values, rowStart);
  else storeNumbers(columns[name], name, values, rowStart);
}

type AirportColumn = "origin" | "destination";

function storeAirports(columns: FileColumns, name: AirportColumn, values: ArrayLike<unknown>, rowStart: number): void {
  const target = columns[name];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value !== "string" || value === "") throw new Error(fault(name, rowStart + i, value, "an airport's code"));
    target[rowStart + i] = columns.airports.idOf(value);
  }
}

type NumberColumn = keyof typeof UNITS;

function storeNumbers(target: Float64Array | Int32Array, name: NumberColumn, values: ArrayLike<unknown>, rowStart: number): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const number = typeof value === "number" ? value : typeof value === "bigint" ? Number(value) : NaN;
    target[rowStart + i] = number;
    // Not equal after the store: it does not fit the column, or is NaN.
    if (!Number.isSafeInteger(number) || target[rowStart + i] !== number) {
      throw new Error(fault(name, rowStart + i, value, UNITS[name]));
    }
  }
}

const UNITS = {
  date: "a time in whole ms",
  delay: "a whole number of minutes",
  distance: "a whole number of miles",
} as const;

function fault(name: ColumnName, row: number, value: unknown, wanted: string): string {
  const given = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : String(value);
  return `"${name}" of row ${row + 1} must be ${wanted}, not ${given}`;
}

function decodeJson(file: ArrayBuffer, options: LoadFlightsOptions): FileColumns {
  const rows: unknown = JSON.parse(new TextDecoder().decode(file));
  if (!Array.isArray(rows)) throw new Error("it must hold one JSON array of flights");
  const columns = emptyColumns(rows.length);
  for (const name of COLUMNS) {
    const values = rows.map((flight: unknown, row) => fieldOf(flight, name, row));
    storeColumn(columns, name, name === "date" ? values.map(parseFlightDate) : values, 0);
  }
  options.onProgress?.(rows.length, rows.length);
  return columns;
}

function fieldOf(flight: unknown, name: ColumnName, row: number): unknown {
  if (typeof flight !== "object" || flight === null) throw new Error(`row ${row + 1} must be an object, not ${String(flight)}`);
  if (!Object.hasOwn(flight, name)) throw new Error(`row ${row + 1} has no "${name}"; flights have ${COLUMNS.join(", ")}`);
  return (flight as Readonly<Record<string, unknown>>)[name];
}

/** `YYYY/MM/DD hh:mm` in UTC. */
function parseFlightDate(value: unknown, row: number): number {
  const wanted = "YYYY/MM/DD hh:mm";
  const hasForm = typeof value === "string" && /^\d{4}\/\d\d\/\d\d \d\d:\d\d$/.test(value);
  if (!hasForm) throw new Error(fault("date", row, value, wanted));
  const civil = {
    year: digitsAt(value, 0, 4),
    month: digitsAt(value, 5, 2),
    day: digitsAt(value, 8, 2),
    hour: digitsAt(value, 11, 2),
    minute: digitsAt(value, 14, 2),
    second: 0,
  };
  const reason = civilFault(civil);
  if (reason !== undefined) throw new Error(`${fault("date", row, value, wanted)}: ${reason}`);
  return timestampOf(civil);
}
