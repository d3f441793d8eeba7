import { describe, expect, test } from "vitest";
import { WatermarkMultiplexer } from "../../core/time/watermark-multiplexer.ts";

/**
 * One line per call: `+ a`, `- a`, `a 5` (watermark), `a idle`, `a active`; then what came out. The restored run must say the
 * same.
 */
function check(trace: string): void {
  for (const restores of [false, true]) play(trace, restores);
}

function play(trace: string, restores: boolean): void {
  let out: string[] = [];
  const target = {
    emitWatermark: (watermark: number) => out.push(`${watermark}`),
    markIdle: () => out.push("idle"),
    markActive: () => out.push("active"),
  };
  let multiplexer = new WatermarkMultiplexer(target);
  for (const line of trace.trim().split("\n")) {
    if (restores) {
      const snapshot = structuredClone(multiplexer.snapshot());
      multiplexer = new WatermarkMultiplexer(target);
      multiplexer.restore(snapshot);
    }
    out = [];
    const [input, expected = ""] = line.split("->").map((part) => part.trim());
    const [first = "", second = "", third] = input!.split(" ");
    if (first === "+") multiplexer.registerOutput(second, third === undefined ? -Infinity : Number(third));
    else if (first === "-") multiplexer.removeOutput(second);
    else if (second === "idle") multiplexer.output(first).markIdle();
    else if (second === "active") multiplexer.output(first).markActive();
    else multiplexer.output(first).emitWatermark(Number(second));
    expect(`${input} -> ${out.join(" ")}`).toBe(`${input} -> ${expected}`);
  }
}

describe("watermark multiplexer", () => {
  test("is the minimum over the active outputs", () =>
    check(`
      + a
      + b
      a 5
      b 3 -> 3
      b 9 -> 5
      b 4
      a 7 -> 7
    `));

  test("an idle output does not hold, the next watermark brings it back", () =>
    check(`
      + a
      + b
      a 5
      b idle -> 5
      a 6 -> 6
      b 4
      a 9
      b 8 -> 8
    `));

  test("flushes the maximum when all are idle, and is active with the first that comes back", () =>
    check(`
      + a
      + b
      a 5
      b 3 -> 3
      a idle
      b idle -> 5 idle
      b idle
      b active -> active
      b 4
      b 6 -> 6
    `));

  test("a watermark that does not advance brings an idle output back too", () =>
    check(`
      + a
      a 5 -> 5
      a idle -> idle
      a 5 -> active
    `));

  test("a new output holds the watermark but does not take it back", () =>
    check(`
      + a
      a 5 -> 5
      + b
      a 9
      b 7 -> 7
      b 12 -> 9
    `));

  test("removing an output lets the others advance, the last word stands", () =>
    check(`
      + a
      + b
      a 5
      - b -> 5
      - a
      + c
      c 4
      c 6 -> 6
    `));

  test("removing the last active output leaves the others idle", () =>
    check(`
      + a
      + b
      a idle
      b 3 -> 3
      - b -> idle
      + c -> active
    `));

  test("outputs with known watermarks are registered before the first counts", () =>
    check(`
      + a 100
      + b 50
      b 51 -> 51
      b 200 -> 100
    `));

  test("a handle that outlives its output changes nothing", () => {
    const seen: number[] = [];
    const target = { emitWatermark: (watermark: number) => seen.push(watermark), markIdle: () => {}, markActive: () => {} };
    const multiplexer = new WatermarkMultiplexer(target);
    const a = multiplexer.registerOutput("a");
    multiplexer.removeOutput("a");
    a.emitWatermark(5);
    a.markIdle();
    a.markActive();
    expect([seen, multiplexer.isIdle, multiplexer.outputCount]).toEqual([[], false, 0]);
    expect(() => multiplexer.output("a")).toThrow("registered before");
  });
});
