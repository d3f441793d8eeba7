import { keyId } from "../../core/data/key.ts";
import type { StreamNode } from "../../core/graph/stream-graph.ts";
import { keyGroupOf, subtaskOf } from "../../core/state/key-groups.ts";
import { WatermarkMultiplexer } from "../../core/time/watermark-multiplexer.ts";
import type { Coverage } from "./coverage.ts";
import type { NodeFacts } from "./fact-book.ts";
import { MAX_PARALLELISM, type Emit, type Model, type ModelCounts } from "./models.ts";
import { clockTimerFault } from "./process-model.ts";
import type { Logged, SubtaskLog } from "./recorder.ts";
import { keyOfRow, KEY_OF_EVERY_SUBTASK, type Row } from "./rows.ts";
import type { FinishedRun } from "./simulated-run.ts";
import { CLOCK, LATE } from "./stage-functions.ts";

/** Throws where a finished run breaks a law, and adds what it came through. */
export function checkRun(run: FinishedRun): Coverage {
  for (const node of run.built.graph.nodes) {
    const facts = run.built.facts.get(node.name)!;
    const logs = run.recorder.logs.get(node.name) ?? [];
    if (facts.rows !== undefined) checkSource(node, facts.rows, logs);
    checkDelivery(run, node, logs);
    if (facts.isKeyed) checkKeys(run, node, logs);
    const counts = facts.model === undefined ? undefined : logs.map((log, subtask) => checkOutputs(`${node.name}/${subtask}`, facts.model!(), log));
    if (counts !== undefined) checkCounters(run, node, counts);
    checkClock(node, facts, logs);
    logs.forEach((log, subtask) => checkProgress(`${node.name}/${subtask}`, facts, log));
  }
  checkSinks(run);
  checkNothingIsLeft(run);
  return run.coverage;
}

/** The same for a job whose subtasks became others, as far as it can be said of all subtasks together. */
export function checkRescaledRun(run: FinishedRun): Coverage {
  for (const node of run.built.graph.nodes) {
    const facts = run.built.facts.get(node.name)!;
    const logs = run.recorder.logs.get(node.name) ?? [];
    if (facts.rows !== undefined) checkSource(node, facts.rows, logs);
    checkDelivery(run, node, logs);
    checkContents(node, facts, logs);
  }
  checkSinks(run);
  checkNothingIsLeft(run);
  return run.coverage;
}

/** Each row lies in one window that fires once, or is too late: where windows do not overlap, and take no late rows. */
function checkContents(node: StreamNode, { stage }: NodeFacts, logs: readonly SubtaskLog[]): void {
  if (stage?.kind !== "window" || stage.assigner.kind === "sliding" || stage.latenessMs !== 0 || !stage.sideOutput) return;
  const sum = (elements: readonly Logged[]): number => elements.reduce((total, { value }) => total + (JSON.parse(value) as Row).value, 0);
  const all = logs.flatMap((log) => log.elements.filter(({ kind }) => kind === "record"));
  const taken = all.filter(({ side }) => side === "in");
  const given = all.filter(({ side, port }) => side === "out" && (port === "" || port === LATE.id));
  if (sum(taken) !== sum(given)) fail(node.name, `its windows and its late rows hold ${sum(given)}, but its rows are ${sum(taken)}`);
}

function fail(where: string, what: string): never {
  throw new Error(`${where}: ${what}`);
}

/** Each row of a source comes out once, with its time. */
function checkSource(node: StreamNode, rows: readonly Row[], logs: readonly SubtaskLog[]): void {
  const sent = logs.flatMap((log) => log.elements.filter(isOutputRecord)).map(({ value }) => value);
  requireEqualBags(node.name, "the rows of the source", rows.map((row) => JSON.stringify(row)), sent);
}

/** What comes to an operator is what was sent to it: nothing is lost, nothing comes twice, whatever crashed in between. */
function checkDelivery(run: FinishedRun, node: StreamNode, logs: readonly SubtaskLog[]): void {
  const inputs = new Set(node.inputs.map((edge) => edge.input));
  for (const input of inputs) {
    const sent: string[] = [];
    for (const edge of node.inputs.filter((each) => each.input === input)) {
      const from = run.built.graph.nodes.find(({ id }) => id === edge.from)!;
      const records = run.recorder.logs.get(from.name)!.flatMap((log) => log.elements.filter((element) => isOutputRecord(element) && element.port === (edge.sideOutput ?? "")));
      const copies = edge.partitioner?.kind === "broadcast" ? logs.length : 1;
      for (const { value, time } of records) for (let copy = 0; copy < copies; copy += 1) sent.push(`${value}@${time}`);
    }
    const taken = logs.flatMap((log) => log.elements.filter((element) => element.side === "in" && element.kind === "record" && element.port === String(input)));
    requireEqualBags(node.name, `input ${input}`, sent, taken.map(({ value, time }) => `${value}@${time}`));
  }
}

/** Every subtask of a keyed operator has processed a record, and only records of its key groups. */
function checkKeys(run: FinishedRun, node: StreamNode, logs: readonly SubtaskLog[]): void {
  const { keyForm, execution } = run.spec;
  const keyOf = keyOfRow(keyForm);
  for (let subtask = 0; subtask < execution.parallelism; subtask += 1) {
    const rows = (logs[subtask]?.elements ?? []).filter(({ side, kind }) => side === "in" && kind === "record");
    if (rows.length === 0 && run.built.facts.get(node.name)!.seesEveryKey === true) fail(`${node.name}/${subtask}`, `not so: ${KEY_OF_EVERY_SUBTASK}`);
    for (const { value } of rows) {
      const owner = subtaskOf(keyGroupOf(keyId(keyOf(JSON.parse(value) as Row)), MAX_PARALLELISM), execution.parallelism, MAX_PARALLELISM);
      if (owner !== subtask) fail(`${node.name}/${subtask}`, `the row ${value} belongs to subtask ${owner}`);
    }
  }
}

/** What the subtask gave is what its model gives for what it took, in order, watermarks and idleness between the right rows. */
function checkOutputs(where: string, model: Model, log: SubtaskLog): ModelCounts | undefined {
  const expected: string[] = [];
  const emit: Emit = Object.assign(
    (row: Row, timestamp: number, port = ""): void => {
      expected.push(`${port}|${JSON.stringify(row)}@${timestamp}`);
    },
    { watermark: (watermark: number): void => void expected.push(`watermark ${watermark}`) },
  );
  const goOn = (watermark: number): void => {
    model.watermark(watermark, emit);
    if (model.makesWatermarks !== true || watermark === Infinity) expected.push(`watermark ${watermark}`);
  };
  const inputs = new Set(log.elements.filter(({ side }) => side === "in").map(({ port }) => port));
  const onIdleness = (idle: boolean): void => {
    if (model.makesWatermarks !== true) expected.push(idle ? "idle" : "active");
  };
  const time = 1 < inputs.size ? timeOfTwo(goOn, onIdleness) : timeOfOne(goOn, onIdleness);
  for (const element of log.elements) {
    if (element.side !== "in") continue;
    if (element.kind === "record") model.record(Number(element.port), JSON.parse(element.value) as Row, element.time, emit);
    else time(element);
  }
  const given = log.elements.filter(({ side, port }) => side === "out" && port !== CLOCK.id).map(showOutput);
  requireEqualLists(where, expected.filter(isNotRepeatedEnd), given.filter(isNotRepeatedEnd));
  return model.counts;
}

type TimeOf = (goOn: (watermark: number) => void, onIdleness: (idle: boolean) => void) => (element: Logged) => void;

/** A watermark that does not rise says nothing. */
const timeOfOne: TimeOf = (goOn, onIdleness) => {
  let current = -Infinity;
  return ({ kind, time }) => {
    if (kind === "idleness") return onIdleness(time === 1);
    if (time <= current) return;
    current = time;
    goOn(time);
  };
};

/** The smaller of two, where an input that is idle or has ended does not count, until both have ended. */
const timeOfTwo: TimeOf = (goOn, onIdleness) => {
  const both = new WatermarkMultiplexer({ emitWatermark: goOn, markIdle: () => onIdleness(true), markActive: () => onIdleness(false) });
  const parts = ["0", "1"].map((input) => both.registerOutput(input));
  const ended = new Set<string>();
  return ({ kind, port, time }) => {
    const part = parts[Number(port)]!;
    if (kind === "watermark" && time === Infinity) {
      ended.add(port);
      if (ended.size === parts.length) for (const each of parts) each.emitWatermark(Infinity);
      else part.markIdle();
    } else if (kind === "watermark") part.emitWatermark(time);
    else if (ended.has(port)) return;
    else if (time === 1) part.markIdle();
    else part.markActive();
  };
};

/** What is restored when it had ended says once more that it ends. */
function isNotRepeatedEnd(shown: string, index: number, all: readonly string[]): boolean {
  return shown !== END || all.indexOf(END) === index;
}

const END = "watermark Infinity";

function showOutput({ kind, port, value, time }: Logged): string {
  if (kind === "watermark") return `watermark ${time}`;
  if (kind === "idleness") return time === 1 ? "idle" : "active";
  return `${port}|${value}@${time}`;
}

/** The counters of a window operator; they count one attempt, so they are compared where there was one. */
function checkCounters(run: FinishedRun, node: StreamNode, models: readonly (ModelCounts | undefined)[]): void {
  const { coverage } = run;
  const metrics = run.job.tasks.flatMap((tasks) => tasks.flatMap((task) => task.chain.links)).filter(({ context }) => context.subtask.operatorName === node.name);
  models.forEach((counts, subtask) => {
    if (counts === undefined) return;
    coverage.late += counts.late;
    coverage["too late"] += counts.tooLate;
    coverage["re-fired"] += counts.refired;
    coverage.merged += counts.merged;
    if (1 < run.attempts) return;
    const own = metrics.find(({ context }) => context.subtask.index === subtask)!.context.metrics;
    const stage = run.built.facts.get(node.name)!.stage;
    const dropped = stage?.kind === "window" && stage.sideOutput ? 0 : counts.tooLate;
    const [expected, got] = [
      [counts.late, dropped, counts.refired],
      [own.lateRecordsKept, own.lateRecordsDropped, own.refirings],
    ];
    if (String(expected) !== String(got)) fail(`${node.name}/${subtask}`, `late, dropped, re-fired are ${got}, but should be ${expected}`);
  });
}

/** What the clock decides is not foretold, but each of its timers fires once, and each row lies in one of its windows. */
function checkClock(node: StreamNode, { stage }: NodeFacts, logs: readonly SubtaskLog[]): void {
  logs.forEach((log, subtask) => {
    const side = log.elements.filter((element) => isOutputRecord(element) && element.port === CLOCK.id);
    const fault = clockTimerFault(side.map(({ value }) => JSON.parse(value) as Row));
    if (fault !== undefined) fail(`${node.name}/${subtask}`, fault);
    if (stage?.kind !== "window" || stage.assigner.kind !== "clock") return;
    const sum = (elements: readonly Logged[]): number => elements.reduce((total, { value }) => total + (JSON.parse(value) as Row).value, 0);
    const taken = log.elements.filter(({ side, kind }) => side === "in" && kind === "record");
    const given = log.elements.filter((element) => isOutputRecord(element) && element.port === "");
    if (sum(taken) !== sum(given)) fail(`${node.name}/${subtask}`, `its windows hold ${sum(given)}, but its rows are ${sum(taken)}`);
  });
}

/** An operator that is given no late record emits none, re-firings apart; and watermarks rise. */
function checkProgress(where: string, facts: NodeFacts, log: SubtaskLog): void {
  // What makes watermarks decides what is late, and windows of the clock know no lateness.
  if (facts.model === undefined || facts.model().makesWatermarks === true || facts.rows !== undefined) return;
  const watermarks = { in: -Infinity, out: -Infinity };
  let isLate = false;
  let twoInputs = false;
  for (const { side, kind, port, time } of log.elements) {
    if (side === "in" && port !== "0") twoInputs = true;
    if (kind === "watermark") {
      if (side === "out" && port === "" && time <= watermarks.out && time !== Infinity) fail(where, `the watermark ${time} comes after ${watermarks.out}`);
      if (port === "" || port === "0") watermarks[side] = Math.max(watermarks[side], time);
    } else if (kind === "record") {
      if (side === "in") isLate ||= time <= watermarks.in;
      else if (port === "" && !isLate && !twoInputs && time <= watermarks.out && time !== Infinity) {
        fail(where, `it got no late record, but gave one: ${time} after the watermark ${watermarks.out}`);
      }
    }
  }
}

/** The world sees each row that came to a sink, once. */
function checkSinks(run: FinishedRun): void {
  const taken: string[] = [];
  for (const node of run.built.graph.nodes) {
    if (!node.name.startsWith("sink")) continue;
    const port = node.inputs[0]!.sideOutput ?? "";
    for (const log of run.recorder.logs.get(node.name) ?? []) {
      for (const { side, kind, value, time } of log.elements) {
        if (side === "in" && kind === "record") taken.push(`${port}|${value}|${time === -Infinity ? undefined : time}`);
      }
    }
  }
  requireEqualBags("committed", "the rows of all sinks", taken, run.committed.rows);
}

/** After the final watermark no timer and no state of windows is left. */
function checkNothingIsLeft(run: FinishedRun): void {
  for (const task of run.job.tasks.flat()) {
    for (const { context } of task.chain.links) {
      const { operatorName, index } = context.subtask;
      const { eventTimeCount, processingTimeCount } = context.timers;
      if (0 < eventTimeCount + processingTimeCount) fail(`${operatorName}/${index}`, `${eventTimeCount} + ${processingTimeCount} timers are left`);
      const stage = run.built.facts.get(operatorName)?.stage;
      if (stage?.kind !== "window" || stage.remembers) continue;
      const { groups } = context.keyedState.savepoint(Number.MAX_SAFE_INTEGER).handle;
      if (0 < groups.length) fail(`${operatorName}/${index}`, `state of ${groups.length} key groups is left`);
    }
  }
}

function isOutputRecord({ side, kind }: Logged): boolean {
  return side === "out" && kind === "record";
}

function requireEqualBags(where: string, what: string, expected: readonly string[], got: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const each of expected) counts.set(each, (counts.get(each) ?? 0) + 1);
  for (const each of got) counts.set(each, (counts.get(each) ?? 0) - 1);
  const wrong = [...counts].filter(([, count]) => count !== 0);
  if (wrong.length === 0) return;
  const shown = wrong.slice(0, 6).map(([each, count]) => (0 < count ? `lost ${count}× ${each}` : `${-count}× too many ${each}`));
  fail(where, `${what}: ${wrong.length} differ\n  ${shown.join("\n  ")}`);
}

function requireEqualLists(where: string, expected: readonly string[], got: readonly string[]): void {
  const length = Math.max(expected.length, got.length);
  for (let index = 0; index < length; index += 1) {
    if (expected[index] === got[index]) continue;
    const from = Math.max(0, index - 3);
    fail(
      where,
      `output ${index} differs\n  before:   ${expected.slice(from, index).join("\n            ")}\n  expected: ${expected[index]}\n            ${expected[index + 1]}` +
        `\n  got:      ${got[index]}\n            ${got[index + 1]}`,
    );
  }
}
