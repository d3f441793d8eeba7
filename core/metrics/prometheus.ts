import type { OperatorMetrics } from "./operator-metrics.ts";

/** The metrics of one operator subtask at one moment. */
export interface MetricsRow {
  readonly job: string;
  readonly operator: string;
  readonly uid: string;
  readonly subtask: number;
  readonly metrics: OperatorMetrics;
  /** Time that the subtask has run, ms: what busy and backpressured time are shares of. */
  readonly runningMs: number;
}

interface Family {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly help: string;
  read(row: MetricsRow): number;
}

const FAMILIES: readonly Family[] = [
  { name: "records_in_total", kind: "counter", help: "Records taken.", read: (row) => row.metrics.recordsIn },
  { name: "records_out_total", kind: "counter", help: "Records emitted.", read: (row) => row.metrics.recordsOut },
  {
    name: "late_records_dropped_total",
    kind: "counter",
    help: "Records dropped because all their windows were past their drop time.",
    read: (row) => row.metrics.lateRecordsDropped,
  },
  { name: "late_records_kept_total", kind: "counter", help: "Late records within the allowed lateness.", read: (row) => row.metrics.lateRecordsKept },
  { name: "refirings_total", kind: "counter", help: "Firings caused by late records.", read: (row) => row.metrics.refirings },
  { name: "current_watermark_ms", kind: "gauge", help: "Last watermark taken, ms since the epoch.", read: (row) => row.metrics.currentWatermark },
  { name: "state_bytes", kind: "gauge", help: "Bytes of the last snapshot of this operator's state.", read: (row) => row.metrics.stateBytes },
  { name: "busy_ms_per_second", kind: "gauge", help: "Time spent working.", read: (row) => perSecond(row, row.metrics.busyMs) },
  {
    name: "backpressured_ms_per_second",
    kind: "gauge",
    help: "Time spent waiting for credit or a slow sink.",
    read: (row) => perSecond(row, row.metrics.backpressuredMs),
  },
  { name: "idle_ms_per_second", kind: "gauge", help: "Time spent waiting for input.", read: (row) => perSecond(row, row.metrics.idleMs) },
];

/** The text format of Prometheus, version 0.0.4. */
export function prometheusText(rows: readonly MetricsRow[]): string {
  const lines: string[] = [];
  for (const family of FAMILIES) {
    lines.push(`# HELP tamias_${family.name} ${family.help}`, `# TYPE tamias_${family.name} ${family.kind}`);
    for (const row of rows) {
      const labels = `job="${escape(row.job)}",operator="${escape(row.operator)}",uid="${escape(row.uid)}",subtask="${row.subtask}"`;
      lines.push(`tamias_${family.name}{${labels}} ${number(family.read(row))}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function perSecond(row: MetricsRow, ms: number): number {
  return row.runningMs === 0 ? 0 : Math.min(1_000, (ms / row.runningMs) * 1_000);
}

function number(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
