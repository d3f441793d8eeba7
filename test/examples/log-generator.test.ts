import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { LogGenerator, type LogGeneratorOptions } from "../../examples/log-analysis/log-generator.ts";
import { parseLogLine, type ParsedLine } from "../../examples/log-analysis/log-line.ts";

function parsed(options: LogGeneratorOptions, count: number): ParsedLine[] {
  const years = { year: 2026, newest: null };
  return [...new LogGenerator(options).lines(count)].map((line) => parseLogLine(line, years));
}

test("equal options give equal lines, and fewer lines are the beginning of more", () => {
  const generator = new LogGenerator({ seed: 11, format: "mixed" });
  const lines = [...generator.lines(500)];
  expect([...generator.lines(500)]).toEqual(lines);
  expect([...new LogGenerator({ seed: 11, format: "mixed" }).lines(100)]).toEqual(lines.slice(0, 100));
  expect([...new LogGenerator({ seed: 12, format: "mixed" }).lines(500)]).not.toEqual(lines);
});

test("the lines of a seed are the same on every machine", () => {
  const text = [...new LogGenerator({ seed: 1, format: "mixed", malformedShare: 0.05 }).lines(2_000)].join("\n");
  const sha256 = createHash("sha256").update(text).digest("hex");
  expect(sha256).toBe("64d2ebed1e4e46184efad4b7c31a8fc84a9b7784ac9f00a88983c0d3ce835ac2");
});

describe.each<LogGeneratorOptions>([
  { format: "json" },
  { format: "sshd", syslogTime: "classic" },
  { format: "sshd", syslogTime: "rfc3339" },
  { format: "mixed", syslogTime: "classic", disorderMs: 5_000 },
])("a sample with %o", (options) => {
  const lines = parsed({ ...options, malformedShare: 0.02, attackShare: 0.2 }, 20_000);

  test("holds about the share of malformed lines that was asked for", () => {
    const share = lines.filter((line) => line.kind === "malformed").length / lines.length;
    expect(share).toBeGreaterThan(0.015);
    expect(share).toBeLessThan(0.025);
  });

  test("holds the records of its format", () => {
    expect(lines.some((line) => line.kind === "json")).toBe(options.format !== "sshd");
    expect(lines.some((line) => line.kind === "sshd")).toBe(options.format !== "json");
    expect(lines.some((line) => line.kind === "sshd" && 1 < line.count)).toBe(options.format !== "json");
  });

  test("has about the share of failed logins that was asked for", () => {
    const failed = lines.filter((line) => {
      return line.kind === "sshd" ? line.outcome === "failed" : line.kind === "json" && line.event.action === "login_failed";
    });
    expect(failed.length / lines.length).toBeGreaterThan(0.15);
    expect(failed.length / lines.length).toBeLessThan(0.3);
  });

  test("is disordered, and no more than was asked for", () => {
    let newest = -Infinity;
    let behindMax = 0;
    for (const line of lines) {
      if (line.kind !== "json" && line.kind !== "sshd") continue;
      newest = Math.max(newest, line.timestamp);
      behindMax = Math.max(behindMax, newest - line.timestamp);
    }
    const disorderMs = options.disorderMs ?? 10_000;
    expect(behindMax).toBeLessThanOrEqual(disorderMs);
    expect(behindMax).toBeGreaterThan(disorderMs / 2);
  });
});

test("without attacks and malformed lines there are none", () => {
  const lines = parsed({ attackShare: 0, malformedShare: 0, format: "sshd" }, 5_000);
  expect(lines.filter((line) => line.kind === "malformed")).toEqual([]);
  expect(lines.filter((line) => line.kind === "sshd" && line.address.startsWith("203.0.113."))).toEqual([]);
});

test("options out of range are refused", () => {
  expect(() => new LogGenerator({ malformedShare: 2 })).toThrow("malformedShare must be a number from 0 to 1, not 2");
  expect(() => new LogGenerator({ seed: 1.5 })).toThrow("seed must be a whole number from 0 to 4294967295, not 1.5");
  expect(() => [...new LogGenerator().lines(-1)]).toThrow("count must be a whole number");
});

describe("generate.ts", () => {
  const script = new URL("../../examples/log-analysis/generate.ts", import.meta.url).pathname;
  const run = (...args: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } => {
    return spawnSync(process.execPath, [script, ...args], { encoding: "utf8", maxBuffer: 2 ** 28 });
  };

  test("prints the generator's lines", () => {
    const lines = [...new LogGenerator({ seed: 9, format: "sshd", syslogTime: "classic", gapMs: 50, users: 3 }).lines(3_000)];
    const options = ["--format", "sshd", "--syslog-time", "classic", "--gap-ms", "50", "--users", "3"];
    const { status, stdout, stderr } = run("--lines", "3000", "--seed", "9", ...options);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe(`${lines.join("\n")}\n`);
  });

  test.each([
    [["--lines", "x"], '--lines must be a whole number, not "x"'],
    [["--format", "xml"], '--format must be one of json, sshd, mixed, not "xml"'],
    [["--seed", "99999999999"], "seed must be a whole number from 0 to 4294967295"],
    [["--nonsense"], "--nonsense"],
  ])("%o is a usage error", (args, message) => {
    const { status, stdout, stderr } = run(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain("usage: ");
  });

  test("--help", () => {
    expect(run("--help")).toMatchObject({ status: 0, stdout: expect.stringContaining("--lines N") as string });
  });
});
