/**
 * Loads the flights as columns and puts them into the order in which they arrive in the stream.
 *
 * Facts about the files of `vega-datasets` (US flights of the first half of 2001):
 * - `flights-3m.parquet`: 3,000,000 rows in 11 row groups, ZSTD pages, five nullable columns without a single null. `date`
 *   is in µs (UTC, whole minutes) and never steps back from row to row; `delay` is in minutes, from −1,116 to 1,688,
 *   negative where a flight came early; `distance` is in miles.
 * - `flights-20k.json`: 20,000 objects whose `date` is `YYYY/MM/DD hh:mm`, UTC.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync, parquetScan } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { StringDictionary, type DictionaryArray } from "tamias";
import { civilFault, digitsAt, HOUR_MS, MINUTE_MS, timestampOf } from "../civil-time.ts";

export interface Flight {
  /** Scheduled time, ms since the epoch: the event time. */
  readonly date: number;
  /** Minutes; negative where the flight came early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
  /** IATA code. */
  readonly origin: string;
  /** IATA code. */
  readonly destination: string;
  /** 1 where counting by arrival would put the flight into another hour than its own, else 0. */
  readonly wrongHour: number;
}

export interface LoadFlightsOptions {
  /** Called after each part of the file that has been read. */
  readonly onProgress?: (rowsRead: number, rowsTotal: number) => void;
}

/**
 * The columns of the file, in the order of their rows. Airports are indices into one table: strings would cost ten times the
 * memory.
 */
interface FileColumns {
  readonly date: Float64Array;
  readonly delay: Int32Array;
  readonly distance: Int32Array;
  readonly origin: Int32Array;
  readonly destination: Int32Array;
  readonly airports: AirportTable;
}

/** The fields of `Flight` as `env.fromColumns` takes them: 25 bytes a flight, none of them copied by the job. */
export interface FlightColumns {
  readonly date: Float64Array;
  readonly delay: Int32Array;
  readonly distance: Int32Array;
  readonly origin: DictionaryArray;
  readonly destination: DictionaryArray;
  readonly wrongHour: Uint8Array;
}

const COLUMNS = ["date", "delay", "distance", "origin", "destination"] as const;
type ColumnName = (typeof COLUMNS)[number];

const AIRPORTS_MAX = 65_536;
const DIGIT_BITS = 16;
const DIGIT_VALUES = 1 << DIGIT_BITS;

/** All flights of a file in arrival order, held as columns. */
export class FlightTable implements Iterable<Flight> {
  /** What the job reads. */
  readonly columns: FlightColumns;
  readonly #airports: AirportTable;

  constructor({ date, delay, distance, origin, destination, airports }: FileColumns) {
    const names = new StringDictionary(airports.names);
    this.columns = {
      date,
      delay,
      distance,
      origin: names.arrayOf(origin),
      destination: names.arrayOf(destination),
      wrongHour: wrongHours(date, delay),
    };
    this.#airports = airports;
  }

  get length(): number {
    return this.columns.date.length;
  }

  /** The flight that arrives as number `index`, counted from 0. */
  at(index: number): Flight {
    const { date, delay, distance, origin, destination, wrongHour } = this.columns;
    if (!(0 <= index && index < date.length)) throw new RangeError(`flight ${index} of ${date.length} does not exist`);
    return {
      date: date[index]!,
      delay: delay[index]!,
      distance: distance[index]!,
      origin: this.#airports.names[origin.ids[index]!]!,
      destination: this.#airports.names[destination.ids[index]!]!,
      wrongHour: wrongHour[index]!,
    };
  }

  *[Symbol.iterator](): Generator<Flight> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}

/** When a flight arrives in the stream: ms since the epoch. */
export function arrivalTime(flight: Flight): number {
  return flight.date + flight.delay * MINUTE_MS;
}

/** Derived once, while the columns are at hand: the job then sums a column like any other. */
function wrongHours(dates: Float64Array, delays: Int32Array): Uint8Array {
  const wrong = new Uint8Array(dates.length);
  for (let row = 0; row < dates.length; row++) {
    const arrival = dates[row]! + delays[row]! * MINUTE_MS;
    wrong[row] = Math.floor(dates[row]! / HOUR_MS) === Math.floor(arrival / HOUR_MS) ? 0 : 1;
  }
  return wrong;
}

/** The path of a file in the `data` folder of the installed package `vega-datasets`, by default of the 3 M flights. */
export function flightsFile(name = "flights-3m.parquet"): string {
  const entry = createRequire(import.meta.url).resolve("vega-datasets");
  return join(dirname(dirname(entry)), "data", name);
}

/**
 * Reads `*.parquet` or `*.json` and sorts the flights by arrival, those of equal arrival by row number. The 3 M flights take
 * about three seconds.
 *
 * @throws Error that names the file, and the row where one is to blame.
 */
export async function loadFlights(file: string = flightsFile(), options: LoadFlightsOptions = {}): Promise<FlightTable> {
  const read = readerOf(file);
  try {
    const columns = await read(file, options);
    return new FlightTable(inOrder(columns, arrivalOrder(columns.date, columns.delay)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot load flights from ${file}: ${reason}`, { cause: error });
  }
}

type FlightsReader = (file: string, options: LoadFlightsOptions) => Promise<FileColumns>;

function readerOf(file: string): FlightsReader {
  const extension = extname(file).toLowerCase();
  if (extension === ".parquet") return readParquet;
  if (extension === ".json") return readJson;
  throw new Error(`cannot load flights from ${file}: the name must end in .parquet or .json`);
}

/**
 * The order of arrival: row numbers by `date + delay`, equal ones by row number. Radix sort by 16-bit digits is stable,
 * exact to the ms, and takes three passes for half a year; a comparator takes twice as long for 3 M rows.
 */
export function arrivalOrder(dates: Float64Array, delays: Int32Array): Uint32Array {
  const count = dates.length;
  let first = Infinity;
  let last = -Infinity;
  for (let row = 0; row < count; row++) {
    const arrival = dates[row]! + delays[row]! * MINUTE_MS;
    if (arrival < first) first = arrival;
    if (last < arrival) last = arrival;
  }
  const low = new Uint32Array(count);
  const high = new Uint32Array(count);
  for (let row = 0; row < count; row++) {
    const offset = dates[row]! + delays[row]! * MINUTE_MS - first;
    low[row] = offset % 2 ** 32;
    high[row] = Math.floor(offset / 2 ** 32);
  }
  let order = Uint32Array.from(low, (_offset, row) => row);
  let spare = new Uint32Array(count);
  for (let pass = 0; 2 ** (pass * DIGIT_BITS) <= last - first; pass++) {
    sortByDigit(order, spare, pass < 2 ? low : high, (pass % 2) * DIGIT_BITS);
    [order, spare] = [spare, order];
  }
  return order;
}

/** One stable pass of the radix sort: from `source` into `target`. */
function sortByDigit(source: Uint32Array, target: Uint32Array, keys: Uint32Array, shift: number): void {
  const next = new Uint32Array(DIGIT_VALUES + 1);
  for (const key of keys) next[((key >>> shift) & (DIGIT_VALUES - 1)) + 1]!++;
  for (let digit = 1; digit < DIGIT_VALUES; digit++) next[digit]! += next[digit - 1]!;
  for (const row of source) {
    const digit = (keys[row]! >>> shift) & (DIGIT_VALUES - 1);
    target[next[digit]!++] = row;
  }
}

function inOrder(columns: FileColumns, order: Uint32Array): FileColumns {
  const sorted = { ...emptyColumns(order.length), airports: columns.airports };
  permute(columns.date, sorted.date, order);
  permute(columns.delay, sorted.delay, order);
  permute(columns.distance, sorted.distance, order);
  permute(columns.origin, sorted.origin, order);
  permute(columns.destination, sorted.destination, order);
  return sorted;
}

type Column = Float64Array | Int32Array;

function permute<Values extends Column>(source: Values, target: Values, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) target[i] = source[order[i]!]!;
}

function emptyColumns(rows: number): FileColumns {
  return {
    date: new Float64Array(rows),
    delay: new Int32Array(rows),
    distance: new Int32Array(rows),
    origin: new Int32Array(rows),
    destination: new Int32Array(rows),
    airports: new AirportTable(),
  };
}

/**
 * Row group by row group, so that no more than one of them is held in decoded form beside the result: decoded values take
 * several times the memory of our columns.
 */
async function readParquet(file: string, options: LoadFlightsOptions): Promise<FileColumns> {
  const source = await asyncBufferFromFile(file);
  const metadata = await parquetMetadataAsync(source);
  checkSchema(metadata.schema.map((element) => element.name));
  const scan = await parquetScan({
    file: source,
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

async function readJson(file: string, options: LoadFlightsOptions): Promise<FileColumns> {
  const rows: unknown = JSON.parse(await readFile(file, "utf8"));
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

/** Airports by number of first appearance, and back. */
class AirportTable {
  readonly names: string[] = [];
  readonly #ids = new Map<string, number>();

  idOf(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.names.length;
    if (AIRPORTS_MAX <= id) throw new Error(`more than ${AIRPORTS_MAX} airports`);
    this.names.push(name);
    this.#ids.set(name, id);
    return id;
  }
}
