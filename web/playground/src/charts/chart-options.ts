import type uPlot from "uplot";
import { axisNumber } from "../format/numbers.ts";
import type { Paint } from "./paint.ts";

/** What all charts of the page look like. */

export const FONT = "11px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

export function axisStyle(paint: Paint): uPlot.Axis {
  return {
    font: FONT,
    stroke: paint("--muted"),
    grid: { stroke: paint("--line"), width: 1 },
    ticks: { show: false },
    border: { show: false },
  };
}

/** An axis of counts, from nothing upwards. */
export function countAxis(paint: Paint): uPlot.Axis {
  return { ...axisStyle(paint), size: 46, values: (_chart, splits) => splits.map(axisNumber) };
}

/** No legend and no cursor: the numbers stand beside the chart, where screen readers find them too. */
export const STILL = {
  legend: { show: false },
  cursor: { show: false },
  padding: [10, 16, 0, 0],
  pxAlign: 1,
} as const satisfies Partial<uPlot.Options>;

/** The last minute, by seconds before now. */
export const SECONDS_SHOWN = 60;

export function secondsAxis(paint: Paint): uPlot.Axis {
  return {
    ...axisStyle(paint),
    splits: () => [-60, -45, -30, -15, 0],
    values: (_chart, splits) => splits.map((at) => (at === 0 ? "now" : `${at} s`)),
    size: 26,
    gap: 6,
  };
}
