/** What the types of the column formats allow and refuse; checked by tsc. */
import { StreamExecutionEnvironment, WatermarkStrategy, type DataStream } from "tamias";
import { arrowSource, ArrowCollector } from "tamias/arrow";
import { csvColumns, FileSource, jsonLinesColumns, parquetFileSource, stdinSource, TextLineInputFormat } from "tamias/node";
import { parquetSource } from "tamias/parquet";

interface Reading {
  readonly room: string;
  readonly celsius: number;
}

export function sources(env: StreamExecutionEnvironment, bytes: Uint8Array): readonly DataStream<Reading>[] {
  const none = WatermarkStrategy.noWatermarks<Reading>();
  return [
    env.fromSource(arrowSource<Reading>(bytes), none, "arrow"),
    env.fromSource(parquetSource<Reading>([{ name: "a", open: () => bytes.slice().buffer }]), none, "parquet"),
    env.fromSource(parquetFileSource<Reading>("a.parquet", { columns: ["room", "celsius"] }), none, "files"),
    env.fromSource(FileSource.forFormat(csvColumns<Reading>({ types: { celsius: "number" } }), "a.csv").build(), none, "csv"),
    env.fromSource(FileSource.forFormat(jsonLinesColumns<Reading>({ fields: { room: "string", celsius: "number" } }), "a.jsonl").build(), none, "json"),
  ];
}

export function lines(): FileSource<string> {
  return FileSource.forFormat(new TextLineInputFormat(), "a.txt").build();
}

export function collected(stream: DataStream<Reading>): Uint8Array {
  const collector = new ArrowCollector<Reading>();
  stream.sinkTo(collector);
  return collector.toBytes();
}

/** Null, absence and literals do not count; without a type of records any column may be named. */
export function declared(columns: readonly string[]): readonly unknown[] {
  interface Flight {
    readonly origin: "JFK" | "LAX";
    readonly delay: number | null;
    readonly late?: boolean;
    readonly anything: unknown;
  }
  return [
    csvColumns<Flight>({ types: { origin: "string", delay: "number", late: "boolean", anything: "string" }, select: ["delay"], columns }),
    csvColumns({ types: { a: "number" }, select: columns }),
    csvColumns({ onMalformed: (line) => ({ a: line, b: null }), select: ["a"] }),
    jsonLinesColumns<Flight>({ fields: { origin: "any", delay: "number", late: "boolean", anything: "any" } }),
  ];
}

export function refused(stream: DataStream<Reading>): void {
  // @ts-expect-error a stream of bytes has no positions, and columns are read from files
  stdinSource(csvColumns<Reading>());
  // @ts-expect-error every field of the record is declared
  jsonLinesColumns<Reading>({ fields: { room: "string" } });
  // @ts-expect-error a column of CSV holds numbers, strings or booleans
  csvColumns<Reading>({ types: { celsius: "date" } });
  // @ts-expect-error the records have no such field
  csvColumns<Reading>({ types: { clesius: "number" } });
  // @ts-expect-error the field holds numbers
  csvColumns<Reading>({ types: { celsius: "string" } });
  // @ts-expect-error the records have no such field
  csvColumns<Reading>({ select: ["clesius"] });
  // @ts-expect-error the field holds strings
  jsonLinesColumns<Reading>({ fields: { room: "number", celsius: "number" } });
  // @ts-expect-error there is no such option
  csvColumns<Reading>({ type: { celsius: "number" } });
  // @ts-expect-error other records
  stream.sinkTo(new ArrowCollector<{ readonly other: number }>());
  // @ts-expect-error records that are no objects have no columns
  arrowSource<string>(new Uint8Array(0));
}
