import { parquetMetadataAsync, parquetScan } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { emptyColumns, FlightTable } from "../../../../examples/flights/flight-table.ts";
import { fetchedBuffer } from "./fetched-buffer.ts";

export interface LoadOptions {
  /** How many row groups of the file are read, of 272,727 flights each: the others are not fetched. */
  readonly rowGroups: number;
  readonly onProgress: (rowsRead: number, rowsTotal: number) => void;
}

const COLUMNS = ["date", "delay", "distance", "origin", "destination"] as const;

/**
 * The first flights of the file of `vega-datasets`, in the order in which they really left. Row group by row group and column by column: progress shows after each,
 * and no more than one is held in decoded form.
 *
 * @throws Error that says what is wrong with the file or the network
 */
export async function loadFirstFlights(url: string, { rowGroups, onProgress }: LoadOptions): Promise<FlightTable> {
  const file = await fetchedBuffer(url);
  const metadata = await parquetMetadataAsync(file);
  const scan = await parquetScan({ file, metadata, compressors, columns: [...COLUMNS], parsers: { timestampFromMicroseconds: (value: bigint | undefined) => value && Number(value) / 1e3 } });
  const ranges = scan.ranges.slice(0, rowGroups);
  const rowsTotal = ranges.at(-1)?.rowEnd ?? 0;
  const columns = emptyColumns(rowsTotal);
  for (const range of ranges) {
    for (const [index, column] of COLUMNS.entries()) {
      const values = await scan.readColumn({ column, ...range });
      const target = columns[column];
      const isAirport = column === "origin" || column === "destination";
      for (let i = 0; i < values.length; i += 1) target[range.rowStart + i] = isAirport ? columns.airports.idOf(String(values[i])) : Number(values[i]);
      onProgress(range.rowStart + Math.floor(((range.rowEnd - range.rowStart) * (index + 1)) / COLUMNS.length), rowsTotal);
    }
  }
  return new FlightTable(columns);
}
