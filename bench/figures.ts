import type { Figures } from "./floors.ts";
import { type Results, flinkEstimate } from "./results.ts";

/**
 * What floors are compared with, out of the results. Where Flink was not measured on the occasion of the plain Map loop, its
 * rate is that loop's by the last known factor between the two.
 */
export function figuresOf(results: Results): Figures {
  const rateOf = (variant: string, work: string): number | undefined => {
    const ofWork = results.figures[work] ?? {};
    const figure = ofWork[variant];
    const plain = ofWork["plain-map"];
    if (variant === "flink" && (figure === undefined || figure.occasion !== plain?.occasion))
      return flinkEstimate(results, work, plain?.eventsPerSecond);
    return figure?.eventsPerSecond;
  };
  return {
    rateOf,
    amountOf(name) {
      if (name !== "peakRssMb") return results.amounts[name]?.value;
      const memory = results.figures["tumbling"]?.["tamias-rows-alone"];
      return memory === undefined ? undefined : memory.peakRssBytes / 1e6;
    },
  };
}
