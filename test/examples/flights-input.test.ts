import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { arrivalOrder, arrivalTime, type FlightTable } from "../../examples/flights/flight-table.ts";
import { flightsFile, loadFlights } from "../../examples/flights/flights-input.ts";

const folder = mkdtempSync(join(tmpdir(), "flights-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function firstStepBack(flights: FlightTable): number {
  let last = -Infinity;
  for (let i = 0; i < flights.length; i++) {
    const arrival = arrivalTime(flights.at(i));
    if (arrival < last) return i;
    last = arrival;
  }
  return -1;
}

test("arrival order is stable and exact", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(0, 1, 60_000, 2 ** 33, -(2 ** 40), 993_945_600_000), fc.integer({ min: -2, max: 2 }))),
      (rows) => {
        const arrivals = rows.map(([date, delay]) => date + delay * 60_000);
        const expected = rows.map((_row, number) => number).sort((a, b) => arrivals[a]! - arrivals[b]! || a - b);
        const order = arrivalOrder(Float64Array.from(rows, ([date]) => date), Int32Array.from(rows, ([, delay]) => delay));
        expect([...order]).toEqual(expected);
      },
    ),
    { seed: 1 },
  );
});

describe("flights-20k.json", () => {
  test("holds the file's rows in arrival order", async () => {
    const rows = JSON.parse(readFileSync(flightsFile("flights-20k.json"), "utf8")) as { date: string; delay: number }[];
    const expected = rows
      .map((row) => ({ ...row, date: Date.parse(`${row.date.replaceAll("/", "-").replace(" ", "T")}Z`) }))
      .map((row, number) => ({ row, number, arrival: row.date + row.delay * 60_000 }))
      .sort((a, b) => a.arrival - b.arrival || a.number - b.number)
      .map(({ row, arrival }) => ({ ...row, wrongHour: Math.floor(row.date / 3_600_000) === Math.floor(arrival / 3_600_000) ? 0 : 1 }));
    expect([...(await loadFlights(flightsFile("flights-20k.json")))]).toEqual(expected);
  });
});

describe("flights-3m.parquet", () => {
  test("is the default, tells its progress and comes in arrival order", async () => {
    const progress: number[] = [];
    const flights = await loadFlights(undefined, { onProgress: (rows, total) => progress.push(rows / total) });
    expect(flights.length).toBe(3_000_000);
    expect(progress).toHaveLength(11);
    expect(progress.at(-1)).toBe(1);
    expect(firstStepBack(flights)).toBe(-1);
    expect(flights.at(0)).toEqual({ date: 978_307_380_000, delay: -20, distance: 1946, origin: "LAX", destination: "ATL", wrongHour: 1 });
    const last = { date: 993_945_240_000, delay: 353, distance: 1028, origin: "JFK", destination: "MSP", wrongHour: 1 };
    expect(flights.at(2_999_999)).toEqual(last);
    expect(() => flights.at(3_000_000)).toThrow("flight 3000000 of 3000000 does not exist");
  });
});

test.each(["flights-20k.json", "flights-3m.parquet"])("the committed counts of %s are those of the recount", (name) => {
  const expected = JSON.parse(readFileSync(new URL("flights-expected.json", import.meta.url), "utf8")) as Record<string, unknown>;
  const recount = new URL("recount-flights.mjs", import.meta.url).pathname;
  expect(JSON.parse(execFileSync(process.execPath, [recount, flightsFile(name)], { encoding: "utf8" }))).toEqual(expected[name]);
});

describe("a file that holds no flights says so", () => {
  const flight = { date: "2001/01/31 23:59", delay: 1, distance: 100, origin: "SFO", destination: "LAX" };
  const cases: readonly (readonly [string, string, string])[] = [
    ["flights.csv", "", "the name must end in .parquet or .json"],
    ["cut.json", "[{", "JSON"],
    ["object.json", "{}", "it must hold one JSON array of flights"],
    ["number.json", "[1]", "row 1 must be an object, not 1"],
    ["null.json", "[null]", "row 1 must be an object, not null"],
    ["missing.json", '[{"date":"2001/01/31 23:59"}]', 'row 1 has no "delay"; flights have date, delay, distance'],
    ["form.json", JSON.stringify([flight, { ...flight, date: "2001" }]), '"date" of row 2 must be YYYY/MM/DD hh:mm, not "2001"'],
    ["day.json", JSON.stringify([{ ...flight, date: "2001/02/29 10:00" }]), "day 29 does not exist in month 2 of 2001"],
    ["hour.json", JSON.stringify([{ ...flight, date: "2001/02/28 24:00" }]), "time of day 24:00:00 does not exist"],
    ["part.json", JSON.stringify([{ ...flight, delay: 1.5 }]), '"delay" of row 1 must be a whole number of minutes, not 1.5'],
    ["far.json", JSON.stringify([{ ...flight, distance: 2 ** 40 }]), '"distance" of row 1 must be a whole number of miles'],
    ["text.json", JSON.stringify([{ ...flight, delay: "1" }]), '"delay" of row 1 must be a whole number of minutes, not "1"'],
    ["nowhere.json", JSON.stringify([{ ...flight, origin: null }]), "\"origin\" of row 1 must be an airport's code, not null"],
    ["broken.parquet", "PAR0", "cannot load flights from"],
  ];
  test.each(cases)("%s", async (name, content, message) => {
    const file = write(name, content);
    await expect(loadFlights(file)).rejects.toThrow(message);
    await expect(loadFlights(file)).rejects.toThrow(file);
  });

  test("an empty array is no fault", async () => {
    expect((await loadFlights(write("empty.json", "[]"))).length).toBe(0);
  });

  test("a file that is missing", async () => {
    await expect(loadFlights(join(folder, "none.parquet"))).rejects.toThrow("ENOENT");
  });
});
