import type { OperatorManifest } from "../checkpoint/manifest.ts";
import type { ChainedOperator, JobEdge, JobGraph, JobVertex } from "../graph/job-graph.ts";
import type { Host } from "../host/host.ts";
import type { AccumulatorRegistry, Operator, Output, SubmitterLines, SubtaskInfo } from "../operators/operator.ts";
import type { ToEnumerator } from "../operators/source-protocol.ts";
import { Chain, type BuiltChain, type ChainLink } from "./chain.ts";
import type { ChannelSender } from "./channel.ts";
import { batchInput, exchange } from "./job-parts.ts";
import type { CreditGauge } from "./lane.ts";
import { type OperatorRestore, SubtaskContext, type TaskCalls } from "./operator-context.ts";
import { joinOutputs, type OperatorOutputs } from "./outputs.ts";
import type { RecordWriter } from "./record-writer.ts";
import type { KeyGroupRange } from "../state/key-groups.ts";
import type { RestorePoint } from "./subtasks.ts";
import { GuardedInput, Suspensions } from "./suspensions.ts";
import type { Task } from "./task.ts";

/** Everything that the chain of one subtask is built from. */
export interface ChainEnvironment {
  readonly graph: JobGraph;
  readonly vertex: JobVertex;
  readonly subtask: number;
  readonly host: Host;
  readonly attempt: number;
  readonly freeze: boolean;
  readonly restore: RestorePoint | undefined;
  readonly gauge: CreditGauge;
  readonly accumulators: AccumulatorRegistry;
  readonly submitter: SubmitterLines;
  senders(edge: JobEdge): readonly ChannelSender[];
  /** The task that runs the chain; it exists before any operator opens. */
  task(): Task;
  toEnumerator(message: ToEnumerator): void;
}

/** Of a handle that nothing goes on from with deltas: its parts are not the job's own. */
const NO_RANGE: KeyGroupRange = { first: -1, last: -1 };

/** A BATCH operator takes two positions, its sorting input and itself, so positions of operators are spread out. */
const POSITIONS_PER_OPERATOR = 2;

interface Consumer {
  readonly sideOutput: string | undefined;
  readonly output: Output<unknown>;
}

/** Builds the operators of one subtask, tail first, because each is made with the outputs that it calls. */
export function buildChain(environment: ChainEnvironment): BuiltChain {
  const { vertex } = environment;
  const suspensions = new Suspensions();
  const consumers: Consumer[][] = vertex.operators.map(() => []);
  const writers: RecordWriter[] = [];
  const operators: Operator[] = [];
  const links: ChainLink[] = [];
  let headInputs: readonly Output<unknown>[] = [];
  for (let position = vertex.operators.length - 1; 0 <= position; position -= 1) {
    const chained = vertex.operators[position]!;
    const contextOf: { context?: SubtaskContext } = {};
    for (const edge of outgoing(environment, position)) {
      const writer = createWriter(environment, edge, () => contextOf.context!);
      writers.unshift(writer);
      consumers[position]!.push({ sideOutput: edge.sideOutput, output: writer });
    }
    const at = position * POSITIONS_PER_OPERATOR + 1;
    const context = createContext(environment, chained, joinOutputs(consumers[position]!), at);
    contextOf.context = context;
    const operator = chained.node.factory.create(context);
    // Whoever wraps a factory, as tests do, may have put another output in its place.
    context.openOutput = context.output;
    if (context.output instanceof GuardedInput) context.output.stepAsideIn(context);
    links.unshift({ operator, context, uid: chained.uid });
    operators.unshift(operator);
    const head = sortedForBatch(environment, chained, operator, context, at);
    if (head !== operator) operators.unshift(head);
    const inputs = head === operator ? guarded(environment, chained, operator, suspensions, at) : (head.inputs as readonly Output<unknown>[]);
    if (0 <= chained.feeder) consumers[chained.feeder]!.unshift({ sideOutput: chained.sideOutput, output: inputs[0]! });
    else headInputs = inputs;
  }
  const { graph, restore } = environment;
  const channelsGoOn = restore === undefined || isAsStored(graph, restore);
  return { chain: new Chain(operators, links, writers, channelsGoOn), headInputs, suspensions };
}

function guarded(environment: ChainEnvironment, chained: ChainedOperator, operator: Operator, suspensions: Suspensions, position: number): readonly Output<unknown>[] {
  const feeder = environment.vertex.operators[chained.feeder];
  const takesRowsOfBatches = feeder?.node.factory.columns?.gives === true && operator.inputs.some((input) => input.processColumns === undefined);
  if (chained.node.factory.suspends === true || takesRowsOfBatches) {
    return suspensions.guard(position, operator.inputs, () => environment.task().mayPass(position));
  }
  return operator.inputs as readonly Output<unknown>[];
}

function outgoing(environment: ChainEnvironment, position: number): readonly JobEdge[] {
  return environment.graph.edges.filter((edge) => edge.fromVertex === environment.vertex.id && edge.fromPosition === position);
}

function createWriter(environment: ChainEnvironment, edge: JobEdge, sender: () => SubtaskContext): RecordWriter {
  const { graph, host, gauge, subtask } = environment;
  return new exchange.module.RecordWriter({
    partitioner: edge.partitioner,
    channels: environment.senders(edge),
    maxParallelism: graph.vertices[edge.toVertex]!.maxParallelism,
    subtask,
    flushEveryRecord: graph.settings.bufferTimeoutMs === 0,
    gauge,
    random: () => host.random.next(),
    userError: (cause, record, timestamp) => sender().userError(cause, record, timestamp),
    onCredit: () => environment.task().schedule(),
  });
}

function createContext(environment: ChainEnvironment, chained: ChainedOperator, outputs: OperatorOutputs, position: number): SubtaskContext {
  const { graph, vertex, restore } = environment;
  const subtask: SubtaskInfo = {
    jobName: graph.jobName,
    operatorName: chained.node.name,
    uid: chained.uid,
    index: environment.subtask,
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    attempt: environment.attempt,
  };
  const context = new SubtaskContext({
    subtask,
    partName: `${vertex.id}.${environment.subtask}.${position}`,
    mode: graph.settings.mode,
    endOfInputTimers: graph.settings.endOfInputTimers,
    firePanesPerTurn: graph.settings.firePanesPerTurn,
    output: outputs.main,
    sideOutputs: outputs.side,
    accumulators: environment.accumulators,
    submitter: environment.submitter,
    calls: taskCalls(environment, position),
    kernel: environment.host.kernel,
    freeze: environment.freeze,
  });
  const stored = restore?.manifest.operators[chained.uid];
  if (restore !== undefined && stored !== undefined) {
    context.restore({
      keyed: stored.subtasks.map(({ keyed }) => (restore.isOwn === false ? { ...keyed, keyGroups: NO_RANGE } : keyed)),
      ...operatorPartsFor(environment, stored, restore),
      readPart: (part) => restore.readPart(part),
    });
  }
  return context;
}

/** The own part where the operator has as many subtasks as it had; else a share of all of them. */
function operatorPartsFor({ graph, vertex, subtask }: ChainEnvironment, { parallelism, subtasks }: OperatorManifest, restore: RestorePoint): OperatorParts {
  const read = (index: number): Uint8Array => restore.readPart(subtasks[index]!.operatorPart);
  if (parallelism !== vertex.parallelism) {
    return { operatorParts: subtasks.map((_, index) => read(index)), share: { index: subtask, parallelism: vertex.parallelism } };
  }
  return { operatorParts: [read(subtask)], share: isAsStored(graph, restore) ? undefined : { index: 0, parallelism: 1 } };
}

type OperatorParts = Pick<OperatorRestore, "operatorParts" | "share">;

/** Whether the job has the operators that the checkpoint holds, each at its parallelism: then every channel goes on as it was. */
function isAsStored({ vertices }: JobGraph, { manifest }: RestorePoint): boolean {
  const operators = vertices.flatMap((vertex) => vertex.operators.map(({ uid }) => ({ uid, parallelism: vertex.parallelism })));
  const isStored = operators.every(({ uid, parallelism }) => manifest.operators[uid]?.parallelism === parallelism);
  return isStored && operators.length === Object.keys(manifest.operators).length;
}

function taskCalls(environment: ChainEnvironment, position: number): TaskCalls {
  const { host } = environment;
  let blocked = false;
  const setBlocked = (now: boolean): void => {
    if (blocked === now) return;
    blocked = now;
    const task = environment.task();
    task.blockedOperators += now ? 1 : -1;
    task.schedule();
  };
  return {
    now: () => host.clock.now(),
    random: () => host.random.next(),
    print: (line) => host.print(line),
    mayContinue: () => environment.task().mayContinue(position),
    suspend: (work) => environment.task().suspend(position, work),
    block: () => setBlocked(true),
    unblock: () => setBlocked(false),
    wake: () => environment.task().wakeSource(),
    toEnumerator: (message) => environment.toEnumerator(message),
    fail: (error) => environment.task().fail(error),
    at: (time, job) => environment.task().at(time, job),
    post: (mail) => environment.task().post(mail),
    atDeadline: (time, run) => environment.task().atDeadline(time, run),
  };
}

/** In BATCH, what sorts the input of an operator that works key by key; else the operator itself. */
function sortedForBatch(
  environment: ChainEnvironment,
  chained: ChainedOperator,
  operator: Operator,
  context: SubtaskContext,
  position: number,
): Operator {
  const { settings } = environment.graph;
  if (settings.mode !== "BATCH" || operator.endKey === undefined) return operator;
  const calls = taskCalls(environment, position - 1);
  return new batchInput.module.BatchInput({
    operator,
    keys: chained.node.keys ?? operator.inputs.map(() => () => 0),
    bytesMax: settings.batchSortBytesMax,
    context: {
      subtask: context.subtask,
      mayContinue: calls.mayContinue,
      suspend: calls.suspend,
      userError: (cause, record, timestamp) => context.userError(cause, record, timestamp),
    },
  });
}
