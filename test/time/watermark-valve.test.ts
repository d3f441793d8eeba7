import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WatermarkValve } from "../../core/time/watermark-valve.ts";

type Input = readonly ["wm", number, number] | readonly ["idle" | "active", number];

interface Player {
  feed(input: Input): string[];
  restore(): void;
}

/** The rules as one reads them, in O(n): what the valve with its heap must agree with. */
function oracle(count: number): (input: Input) => string[] {
  const channels = Array.from({ length: count }, () => ({ watermark: -Infinity, idle: false, aligned: true }));
  let last = -Infinity;
  let allIdle = false;
  return (input) => {
    const out: string[] = [];
    const emit = (watermark: number): void => {
      if (watermark <= last) return;
      last = watermark;
      out.push(`wm ${watermark}`);
    };
    const emitMinimum = (): void => {
      const aligned = channels.filter((channel) => channel.aligned).map((channel) => channel.watermark);
      if (0 < aligned.length) emit(Math.min(...aligned));
    };
    const channel = channels[input[1]]!;
    if (input[0] === "wm") {
      if (channel.idle || input[2] <= channel.watermark) return out;
      channel.watermark = input[2];
      if (last <= input[2]) channel.aligned = true;
      emitMinimum();
    } else if (input[0] === "idle" && !channel.idle) {
      channel.idle = true;
      channel.aligned = false;
      allIdle = channels.every(({ idle }) => idle);
      if (channel.watermark === last) {
        if (allIdle) emit(Math.max(...channels.map(({ watermark }) => watermark)));
        else emitMinimum();
      }
      if (allIdle) out.push("idle");
    } else if (input[0] === "active" && channel.idle) {
      channel.idle = false;
      channel.aligned = last <= channel.watermark;
      if (allIdle) out.push("active");
      allIdle = false;
    }
    return out;
  };
}

function valvePlayer(count: number): Player {
  let out: string[] = [];
  const output = {
    onWatermark: (watermark: number) => out.push(`wm ${watermark}`),
    onIdleness: (idle: boolean) => out.push(idle ? "idle" : "active"),
  };
  let valve = new WatermarkValve(count, output);
  return {
    feed(input) {
      out = [];
      if (input[0] === "wm") valve.processWatermark(input[1], input[2]);
      else valve.processIdleness(input[1], input[0] === "idle");
      return out;
    },
    restore() {
      const snapshot = structuredClone(valve.snapshot());
      valve = new WatermarkValve(count, output);
      valve.restore(snapshot);
    },
  };
}

describe("watermark valve", () => {
  test.each([
    [
      "flushes the maximum where the last active channel held the output",
      [["wm", 0, 5], ["wm", 1, 9], ["wm", 2, 5], ["idle", 1], ["idle", 2], ["idle", 0]],
      ["wm 5", "wm 9", "idle"],
    ],
    [
      "does not flush where it did not",
      [["wm", 0, 10], ["wm", 1, 5], ["idle", 2], ["active", 2], ["idle", 0], ["idle", 1], ["idle", 2]],
      ["wm 5", "idle"],
    ],
    [
      "ends with the final watermark",
      [["wm", 0, Infinity], ["wm", 1, Infinity], ["wm", 2, Infinity]],
      ["wm Infinity"],
    ],
    [
      "does not take the end of some channels for the end of one that is idle",
      [["wm", 0, 5], ["wm", 1, 7], ["idle", 2], ["wm", 0, Infinity], ["wm", 1, Infinity], ["active", 2], ["wm", 2, 9], ["wm", 2, Infinity]],
      ["wm 5", "wm 7", "idle", "active", "wm 9", "wm Infinity"],
    ],
    [
      "goes by what an ended channel had promised where the others are idle",
      [["wm", 0, 10], ["wm", 1, 3], ["wm", 2, 3], ["wm", 0, Infinity], ["idle", 1], ["idle", 2], ["active", 0]],
      ["wm 3", "wm 10", "idle"],
    ],
  ] as const)("%s", (_name, inputs, expected) => {
    const player = valvePlayer(3);
    expect(inputs.flatMap((input) => player.feed(input))).toEqual(expected);
  });

  test("agrees with the rules on random inputs, restored anywhere", () => {
    const count = fc.integer({ min: 1, max: 6 });
    const kinds = fc.constantFrom("wm" as const, "wm" as const, "wm" as const, "idle" as const, "active" as const);
    const input = fc.tuple(kinds, fc.nat(5), fc.integer({ min: -2, max: 20 }), fc.boolean());
    fc.assert(
      fc.property(count, fc.array(input, { maxLength: 60 }), (channels, steps) => {
        const expected = oracle(channels);
        const player = valvePlayer(channels);
        for (const [kind, channel, watermark, restores] of steps) {
          if (restores) player.restore();
          const step: Input = kind === "wm" ? ["wm", channel % channels, watermark] : [kind, channel % channels];
          expect(player.feed(step)).toEqual(expected(step));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("claims its own channels", () => {
    expect(() => valvePlayer(1).feed(["wm", 1, 0])).toThrow("of its own channels");
    const output = { onWatermark: () => {}, onIdleness: () => {} };
    expect(() => new WatermarkValve(2, output).restore(new WatermarkValve(1, output).snapshot())).toThrow("as many channels");
  });
});
