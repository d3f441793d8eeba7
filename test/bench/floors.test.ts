import { expect, test } from "vitest";
import { AMOUNTS } from "../../bench/amounts.ts";
import { CLUSTER_MEASUREMENTS } from "../../bench/clusters/measurements.ts";
import { FLOORS, type Figures, type Floor, resultOf, worstOf } from "../../bench/floors.ts";
import { figuresOf } from "../../bench/figures.ts";
import { type Figure, columnsOfVariants, figureOf } from "../../bench/measurements.ts";
import { aligned } from "../../bench/report.ts";
import { ResultStore, flinkEstimate } from "../../bench/results.ts";
import { WORKS } from "../../bench/works.ts";

function figures(rates: Readonly<Record<string, number>>, firstResultMs?: number): Figures {
  return {
    rateOf: (variant, work) => rates[`${variant} ${work}`],
    amountOf: (name) => (name === "firstResultMs" ? firstResultMs : undefined),
  };
}

const TWICE: Floor = { kind: "rate", name: "rows", variant: "rows", work: "tumbling", times: 2, of: { variant: "flink" } };
const HALF_OF_OWN: Floor = {
  kind: "rate",
  name: "sliding",
  variant: "rows",
  work: "sliding",
  times: 0.5,
  of: { variant: "rows", work: "tumbling" },
};
const START: Floor = { kind: "most", name: "start", amount: "firstResultMs", bound: 300, unit: "ms" };
const SPEED: Floor = { kind: "least", name: "speed", amount: "firstResultMs", bound: 300, unit: "M/s" };
const NONE: Floor = { kind: "most", name: "none", amount: "firstResultMs", bound: 0, unit: "" };

test.each([
  [TWICE, figures({ "rows tumbling": 9, "flink tumbling": 3 }), 3, 1.5],
  [TWICE, figures({ "rows tumbling": 9 }), undefined, undefined],
  [HALF_OF_OWN, figures({ "rows sliding": 1, "rows tumbling": 4 }), 0.25, 0.5],
  [START, figures({}, 400), 400, 0.75],
  [START, figures({}), undefined, undefined],
  [SPEED, figures({}, 450), 450, 1.5],
  [NONE, figures({}, 0), 0, 1],
  [NONE, figures({}, 3), 3, 0],
])("%o", (floor, given, reached, ratio) => {
  expect(resultOf(floor, given)).toEqual({ floor, reached, ratio });
});

test("the worst is the one furthest below its floor, of those that were measured", () => {
  const given = figures({ "rows tumbling": 4, "flink tumbling": 1, "rows sliding": 1 }, 200);
  const worst = worstOf([TWICE, HALF_OF_OWN, START].map((floor) => resultOf(floor, given)));
  expect([worst?.floor.name, worst?.ratio]).toEqual(["sliding", 0.5]);
  expect(worstOf([resultOf(TWICE, figures({}))])).toBeUndefined();
});

test("floors and variants name works and amounts that there are", async () => {
  const names = new Set(WORKS.map(({ name }) => name));
  for (const floor of FLOORS) if (floor.kind === "rate") expect(names).toContain(floor.work);
  const columns = (await columnsOfVariants()).map(({ name }) => name);
  for (const floor of FLOORS) if (floor.kind === "rate") expect(columns).toContain(floor.variant);
  const amounts = [...AMOUNTS.map(({ name }) => name), ...CLUSTER_MEASUREMENTS.flatMap((each) => Object.keys(each.amounts)), "peakRssMb"];
  expect(new Set(amounts).size).toBe(amounts.length);
  for (const floor of FLOORS) if (floor.kind !== "rate") expect(amounts).toContain(floor.amount);
  expect(columns).toContain("plain-map");
  expect(new Set(columns).size).toBe(columns.length);
});

const NO_RESULTS = { occasions: [], figures: {}, amounts: {}, engines: {}, flinkToPlain: {}, durations: {} };
const OCCASION = { date: "2026-01-01", machine: "2 cores", versions: "", runs: 5 };

test("where Flink was not measured with the plain loop, it is estimated by its last factor to it", () => {
  const store = new ResultStore(NO_RESULTS, undefined);
  store.begin(OCCASION);
  store.putFigure("tumbling", "plain-map", figure(12));
  store.putFigure("tumbling", "flink", figure(3));
  expect(figuresOf(store.results).rateOf("flink", "tumbling")).toBe(3);
  store.begin({ ...OCCASION, date: "2026-01-02" });
  store.putFigure("tumbling", "plain-map", figure(8));
  expect(figuresOf(store.results).rateOf("flink", "tumbling")).toBe(2);
  expect(flinkEstimate(store.results, "sessions", 8)).toBeUndefined();
  expect(flinkEstimate(NO_RESULTS, "tumbling", 8)).toBeUndefined();
});

function figure(eventsPerSecond: number): Figure {
  const results = { results: 1, checksum: 1, late: 0 };
  return { events: 1, runs: 1, eventsPerSecond, peakRssBytes: 1, results, explain: undefined };
}

test("the figure of several runs is the median; runs that differ in their results are refused", () => {
  const report = (ms: number, checksum: number) => ({ ms, checksum, results: 1, late: 0, peakRssBytes: ms });
  expect(figureOf(1_000, [report(30, 7), report(10, 7), report(20, 7)])).toMatchObject({
    runs: 3,
    eventsPerSecond: 50_000,
    peakRssBytes: 30,
  });
  expect(() => figureOf(1_000, [report(30, 7), report(10, 8)])).toThrow(/differ/);
});

test("tables stand in columns", () => {
  expect(
    aligned(
      ["work", "M/s"],
      [
        ["tumbling", "1.2"],
        ["x", "10"],
      ],
    ),
  ).toEqual(["| work     | M/s |", "| -------- | --: |", "| tumbling | 1.2 |", "| x        |  10 |"]);
});
