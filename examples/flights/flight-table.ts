/** The flights as columns, in the order in which they arrive in the stream. */
import { StringDictionary, type DictionaryArray } from "tamias";
import { HOUR_MS, MINUTE_MS } from "../civil-time.ts";

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

/**
 * The columns of the file, in the order of their rows. Airports are indices into one table: strings would cost ten times the
 * memory.
 */
export interface FileColumns {
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

const AIRPORTS_MAX = 65_536;
const DIGIT_BITS = 16;
const DIGIT_VALUES = 1 << DIGIT_BITS;

/** All flights of a file in arrival order, those of equal arrival by row number, held as columns. */
export class FlightTable implements Iterable<Flight> {
  /** What the job reads. */
  readonly columns: FlightColumns;
  readonly #airports: AirportTable;

  constructor(file: FileColumns) {
    const { date, delay, distance, origin, destination, airports } = inOrder(file, arrivalOrder(file.date, file.delay));
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

export function emptyColumns(rows: number): FileColumns {
  return {
    date: new Float64Array(rows),
    delay: new Int32Array(rows),
    distance: new Int32Array(rows),
    origin: new Int32Array(rows),
    destination: new Int32Array(rows),
    airports: new AirportTable(),
  };
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
