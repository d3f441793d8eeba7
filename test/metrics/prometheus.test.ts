import { expect, test } from "vitest";
import { OperatorMetrics } from "../../core/metrics/operator-metrics.ts";
import { prometheusText } from "../../core/metrics/prometheus.ts";

test("one family after the other, labels escaped, infinities as Prometheus writes them", () => {
  const metrics = new OperatorMetrics();
  metrics.recordsIn = 3;
  metrics.busyMs = 250;
  const text = prometheusText([{ job: 'a "job"', operator: "back\\slash", uid: "u\n", subtask: 1, metrics, runningMs: 1_000 }]);
  const labels = `{job="a \\"job\\"",operator="back\\\\slash",uid="u\\n",subtask="1"}`;
  expect(text).toContain(`# TYPE tamias_records_in_total counter\ntamias_records_in_total${labels} 3\n`);
  expect(text).toContain(`tamias_current_watermark_ms${labels} -Inf\n`);
  expect(text).toContain(`tamias_busy_ms_per_second${labels} 250\n`);
  for (const line of text.trimEnd().split("\n")) expect(line).toMatch(/^(# (HELP|TYPE) tamias_[a-z_]+ .+|tamias_[a-z_]+\{.*\} (-Inf|\+Inf|NaN|-?\d+(\.\d+)?))$/);
});

test("a job that has not run yet has shares of 0", () => {
  const text = prometheusText([{ job: "j", operator: "o", uid: "u", subtask: 0, metrics: new OperatorMetrics(), runningMs: 0 }]);
  expect(text).not.toContain("NaN");
});
