import { AMOUNTS } from "./amounts.ts";
import { CLUSTER_MEASUREMENTS } from "./clusters/measurements.ts";
import { ENGINES } from "./engine-runs.ts";
import { FLOORS, type Figures, type FloorResult, resultOf } from "./floors.ts";
import type { Column, Figure } from "./measurements.ts";
import type { Measured, Occasion, Results } from "./results.ts";
import { type Scale, WORKS, type Work } from "./works.ts";

/** What full runs say, as lines of Markdown that are readable as text too. */

/** What the page is written from: results, and what they are results of. */
export interface Report extends Figures {
  readonly results: Results;
  readonly columns: readonly Column[];
  readonly scale: Scale;
}

export function tableOf({ results, columns, scale }: Report): string[] {
  const rows = WORKS.map((work) => [work.title, ...columns.map((column) => shortOf(column, work, results, scale))]);
  return aligned(["M events/s", ...columns.map(({ title }) => title)], rows);
}

export function floorTable(figures: Figures): string[] {
  const rows = FLOORS.map((floor) => {
    const result = resultOf(floor, figures);
    return [floor.name, askedOf(result), reachedOf(result), result.ratio === undefined ? "" : `${result.ratio.toFixed(2)}`];
  });
  return aligned(["", "at least, or at most", "reached", "of its floor"], rows);
}

function askedOf({ floor }: FloorResult): string {
  if (floor.kind !== "rate") return `${floor.bound.toLocaleString("en")} ${floor.unit}`.trimEnd();
  const { variant, work } = floor.of;
  const other = variant === "flink" ? "Flink" : variant === "plain-map" ? "the plain Map loop" : "our own";
  return `${floor.times} × ${other}${work === undefined ? "" : `, ${work}`}`;
}

function reachedOf({ floor, reached }: FloorResult): string {
  if (reached === undefined) return "not measured";
  if (floor.kind !== "rate" && floor.unit !== "×") return `${reached.toFixed(reached < 100 ? 1 : 0)} ${floor.unit}`.trimEnd();
  return `${reached.toFixed(2)} ×`;
}

function shortOf(column: Column, work: Work, { figures }: Results, { events: eventsMost }: Scale): string {
  const figure = figures[work.name]?.[column.name];
  if (figure === undefined) return column.refuses(work) === undefined ? "" : "–";
  const { eventsPerSecond, events } = figure;
  const rate = eventsPerSecond / 1e6;
  const text = rate < 0.1 ? rate.toFixed(3) : rate < 10 ? rate.toFixed(2) : rate.toFixed(0);
  return events === eventsMost ? text : `${text} (${(events / 1e6).toFixed(1)} M)`;
}

/** The whole measured part of docs/performance.md. */
export function measuredPart(report: Report): string {
  const { results, columns, scale } = report;
  return [
    ...occasionsOf(results),
    "",
    ...gapsOf(report),
    `A run has a process of its own and ${scale.events.toLocaleString("en")} events. Where it would take over a minute, ` +
      "a number in brackets says how many events there were (median of 3 runs at most). The results of all variants of a work, " +
      "hashed, are equal.",
    "",
    ...tableOf(report),
    "",
    ...columns.map(noteOf),
    "",
    "### Floors",
    "",
    ...floorTable(report),
    "",
    ...amountsOf(results),
    "",
    ...clustersOf(results),
    ...enginesOf(results),
    "### Plans",
    "",
    ...plansOf(report),
  ].join("\n");
}

/** When everything was measured; where it was not all at once, which on which occasion. */
function occasionsOf(results: Results): string[] {
  const parts = new Map<number, string[]>();
  const note = (part: string, measured: Measured<object>): void =>
    void parts.set(measured.occasion, [...(parts.get(measured.occasion) ?? []), part]);
  for (const [work, ofWork] of Object.entries(results.figures)) {
    for (const [column, figure] of Object.entries(ofWork)) note(`${work}, ${column}`, figure);
  }
  for (const [name, amount] of Object.entries(results.amounts)) note(name, amount);
  for (const [name, engine] of Object.entries(results.engines)) note(`engine ${name}`, engine);
  const used = [...parts].sort((a, b) => b[1].length - a[1].length);
  const [main] = used;
  if (main === undefined) return ["Nothing is measured yet."];
  const rest = used.slice(1).map(([at, names]) => `- ${occasionText(results.occasions[at])}: ${names.join("; ")}.`);
  const first = `Measured ${occasionText(results.occasions[main[0]])}.`;
  return rest.length === 0 ? [first] : [first, "", "But on other occasions:", "", ...rest];
}

/** What this page lacks, and how it comes. */
function gapsOf({ results, columns }: Report): string[] {
  const { figures, amounts, engines } = results;
  const hasFlink = columns.some(({ name }) => name === "flink");
  const gaps = WORKS.flatMap((work) => {
    const lacking = columns.filter((column) => column.refuses(work) === undefined && figures[work.name]?.[column.name] === undefined);
    return lacking.length === 0 ? [] : [`${work.name} (${lacking.map(({ name }) => name).join(", ")})`];
  });
  const others = AMOUNTS.filter(({ name, needsFlink }) => amounts[name] === undefined && (hasFlink || needsFlink !== true));
  const ofClusters = CLUSTER_MEASUREMENTS.filter((each) => Object.keys(each.amounts).some((name) => amounts[name] === undefined));
  gaps.push(...others.map(({ name }) => name), ...ofClusters.map(({ name }) => `clusters, ${name}`), ...ENGINES.filter((name) => engines[name] === undefined));
  if (gaps.length === 0) return [];
  return [`Not measured yet: ${gaps.join("; ")}. \`npm run bench -- --flink --browsers --resume\` measures the rest.`, ""];
}

function occasionText(occasion: Occasion | undefined): string {
  if (occasion === undefined) throw new Error("the results name an occasion that they do not hold");
  const { date, machine, versions, runs } = occasion;
  return `on ${date}, on a machine with ${machine}, ${runs === 1 ? "one run of each" : `median of ${runs} runs`}; ${versions}`;
}

function noteOf(column: Column): string {
  const left = new Map<string, string[]>();
  for (const work of WORKS) {
    const reason = column.refuses(work);
    if (reason !== undefined) left.set(reason, [...(left.get(reason) ?? []), work.name]);
  }
  const reasons = [...left].map(([reason, names]) => `${names.join(", ")}: ${reason}`);
  return `- **${column.title}**: ${column.note}${reasons.length === 0 ? "" : ` Left out: ${reasons.join("; ")}.`}`;
}

function amountsOf({ amounts, figures }: Results): string[] {
  const memory = Object.entries(figures["tumbling"] ?? {}).map(([column, { peakRssBytes }]) => [
    `peak memory, tumbling, ${column}`,
    `${(peakRssBytes / 1e6).toFixed(0)} MB`,
  ]);
  const others = AMOUNTS.flatMap(({ name, title }) => {
    const amount = amounts[name];
    return amount === undefined ? [] : [[title, amount.shown]];
  });
  return others.length + memory.length === 0 ? [] : aligned(["", ""], [...others, ...memory]);
}

/** One job on several workers. */
function clustersOf({ amounts }: Results): string[] {
  const rows = CLUSTER_MEASUREMENTS.flatMap((each) =>
    Object.entries(each.amounts).flatMap(([name, title]) => {
      const amount = amounts[name];
      return amount === undefined ? [] : [[title, amount.shown]];
    }),
  );
  return rows.length === 0 ? [] : ["### Clusters", "", ...aligned(["", ""], rows), ""];
}

/** What WebAssembly brings in which engine. */
function enginesOf({ engines }: Results): string[] {
  const rows = Object.entries(engines).flatMap(([name, engine]) =>
    engine.rows.map(({ work, kernel, jsKernel, ratio }) => [
      `${name} ${engine.version}, ${WORKS.find((each) => each.name === work)?.title ?? work}`,
      (kernel / 1e6).toFixed(1),
      (jsKernel / 1e6).toFixed(1),
      ratio.toFixed(2),
    ]),
  );
  if (rows.length === 0) return [];
  const head = ["columns, M events/s", "WASM kernel", "JS kernel", "WASM ÷ JS"];
  return ["### Kernel and JS kernel by engine", "", ...aligned(head, rows), ""];
}

/** Each plan once for the columns that share it. */
function plansOf({ results, columns }: Report): string[] {
  return WORKS.flatMap((work) => {
    const byPlan = new Map<string, string[]>();
    for (const { name, title } of columns) {
      const figure: Figure | undefined = results.figures[work.name]?.[name];
      if (figure?.explain === undefined) continue;
      const rate = `${title}: ${(figure.eventsPerSecond / 1e6).toFixed(2)}`;
      byPlan.set(figure.explain, [...(byPlan.get(figure.explain) ?? []), rate]);
    }
    return [...byPlan].flatMap(([plan, rates]) => [
      "<details>",
      `<summary>${work.title}; M events/s with ${rates.join(", ")}</summary>`,
      "",
      "```text",
      plan.trimEnd(),
      "```",
      "",
      "</details>",
      "",
    ]);
  });
}

/** A Markdown table whose columns stand one below the other; all but the first to the right. */
export function aligned(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, at) => Math.max(3, title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const padded = (cells: readonly string[]): string[] =>
    widths.map((width, at) => (cells[at] ?? "")[at === 0 ? "padEnd" : "padStart"](width));
  const line = (cells: readonly string[]): string => `| ${padded(cells).join(" | ")} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)];
}
