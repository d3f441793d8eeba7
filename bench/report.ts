import { FLOORS, type Figures, type FloorResult, resultOf } from "./floors.ts";
import type { FullRun } from "./full-run.ts";
import type { Cell, Column } from "./measurements.ts";
import { EVENTS } from "./works.ts";

/** What a full run says, as lines of Markdown that are readable as text too. */

/** Where it ran and with what. Machines have no names here, only sizes. */
export interface Circumstances {
  /** Runs of each; fewer where one would take too long. */
  readonly runs: number;
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly machine: string;
  readonly versions: string;
}

export function tableOf({ works, columns, cellOf }: FullRun): string[] {
  const rows = works.map((work) => [work.title, ...columns.map((column) => shortOf(cellOf(column.name, work.name)))]);
  return aligned(["M events/s", ...columns.map(({ title }) => title)], rows);
}

export function floorTable(figures: Figures): string[] {
  const rows = FLOORS.map((floor) => {
    const result = resultOf(floor, figures);
    return [
      floor.name,
      askedOf(result),
      figures.isBuilt(floor) ? reachedOf(result) : "not built yet",
      result.ratio === undefined ? "" : `${result.ratio.toFixed(2)}`,
    ];
  });
  return aligned(["", "at least, or at most", "reached", "of its floor"], rows);
}

function askedOf({ floor }: FloorResult): string {
  if (floor.kind === "most") return `${floor.most} ${floor.unit}`;
  const { variant, work } = floor.of;
  const other = variant === "flink" ? "Flink" : variant === "plain-map" ? "the plain Map loop" : "our own";
  return `${floor.times} × ${other}${work === undefined ? "" : `, ${work}`}`;
}

function reachedOf({ floor, reached }: FloorResult): string {
  if (reached === undefined) return "not measured";
  if (floor.kind === "most") return `${reached.toFixed(reached < 100 ? 1 : 0)} ${floor.unit}`;
  return `${reached.toFixed(2)} ×`;
}

function shortOf(cell: Cell | undefined): string {
  if (cell === undefined) return "";
  if (cell.kind === "refused") return "–";
  if (cell.kind === "failed") return "failed";
  const { eventsPerSecond, events } = cell.figure;
  const rate = eventsPerSecond / 1e6;
  const text = rate < 0.1 ? rate.toFixed(3) : rate < 10 ? rate.toFixed(2) : rate.toFixed(0);
  return events === EVENTS ? text : `${text} (${(events / 1e6).toFixed(1)} M)`;
}

/** The whole measured part of docs/performance.md. */
export function measuredPart(run: FullRun, circumstances: Circumstances): string {
  const { runs, date, machine, versions } = circumstances;
  const medianOf = (count: number): string => (count === 1 ? "one run of each" : `median of ${count} runs`);
  return [
    `Measured on ${date}, on a machine with ${machine}; ${versions}.`,
    "",
    `A run has a process of its own and ${EVENTS.toLocaleString("en")} events; ${medianOf(runs)}. Where it would take over 60 s, a number in brackets says how many events there were (${medianOf(Math.min(3, runs))}).`,
    "The results of all variants of a work, hashed, are equal.",
    "",
    ...tableOf(run),
    "",
    ...run.columns.map((column) => noteOf(column, run)),
    "",
    "### Floors",
    "",
    ...floorTable(run),
    "",
    ...amountsOf(run),
    "",
    "### Plans",
    "",
    ...plansOf(run),
  ].join("\n");
}

function noteOf(column: Column, { works, cellOf }: FullRun): string {
  const left = new Map<string, string[]>();
  for (const work of works) {
    const cell = cellOf(column.name, work.name);
    if (cell?.kind === "refused") left.set(cell.reason, [...(left.get(cell.reason) ?? []), work.name]);
  }
  const reasons = [...left].map(([reason, names]) => `${names.join(", ")}: ${reason}`);
  return `- **${column.title}**: ${column.note}${reasons.length === 0 ? "" : ` Left out: ${reasons.join("; ")}.`}`;
}

function amountsOf({ amounts, cellOf }: FullRun): string[] {
  if (amounts === undefined) return [];
  const { firstResultMs, firstResultFlinkMs, bundle, snapshots } = amounts;
  const rows: string[][] = [
    ["process start → first window result", `${firstResultMs.toFixed(0)} ms`],
    ...(firstResultFlinkMs === undefined ? [] : [["the same, Flink", `${firstResultFlinkMs.toFixed(0)} ms`]]),
    ...["tamias-rows-alone", "plain-map", "flink"].flatMap((name) => {
      const cell = cellOf(name, "tumbling");
      return cell?.kind === "figure"
        ? [[`peak memory, tumbling, ${name}`, `${(cell.figure.peakRssBytes / 1e6).toFixed(0)} MB`]]
        : [];
    }),
    ...snapshots.flatMap(({ title, report }) => [
      [`snapshot of 1 M ${title}`, `${report.ms.toFixed(0)} ms, ${(report.bytes / 1e6).toFixed(1)} MB`],
      ["the next, 1 % changed", `${report.changedMs.toFixed(0)} ms, ${(report.changedBytes / 1e6).toFixed(2)} MB`],
    ]),
    [
      "the README's job bundled by esbuild, without WASM",
      `${(bundle.minifiedBytes / 1e3).toFixed(1)} KB, gzipped ${(bundle.gzippedBytes / 1e3).toFixed(1)} KB`,
    ],
  ];
  return aligned(["", ""], rows);
}

function plansOf({ works, columns, cellOf }: FullRun): string[] {
  const lines: string[] = [];
  for (const work of works) {
    for (const column of columns) {
      const cell = cellOf(column.name, work.name);
      if (cell?.kind !== "figure" || cell.figure.explain === undefined) continue;
      const rate = (cell.figure.eventsPerSecond / 1e6).toFixed(2);
      lines.push(
        "<details>",
        `<summary>${work.title}, ${column.title}: ${rate} M events/s</summary>`,
        "",
        "```text",
        cell.figure.explain.trimEnd(),
        "```",
        "",
        "</details>",
        "",
      );
    }
  }
  return lines;
}

/** A Markdown table whose columns stand one below the other; all but the first to the right. */
export function aligned(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, at) => Math.max(3, title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, at) => (at === 0 ? (cells[at] ?? "").padEnd(width) : (cells[at] ?? "").padStart(width))).join(" | ")} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)];
}
