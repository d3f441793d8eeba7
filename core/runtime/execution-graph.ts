import type { JobGraph } from "../graph/job-graph.ts";
import { assert } from "../lib/assert.ts";
import type { ExecutionState, SubtaskReport } from "./protocol.ts";

/** Where a subtask may go from each state. One that has finished may still fail: when its job commits what it has written, and closes it. */
const NEXT: { readonly [State in ExecutionState]: readonly ExecutionState[] } = {
  CREATED: ["SCHEDULED", "CANCELED", "FAILED"],
  SCHEDULED: ["DEPLOYING", "CANCELED", "FAILED"],
  DEPLOYING: ["INITIALIZING", "CANCELING", "CANCELED", "FAILED"],
  INITIALIZING: ["RUNNING", "CANCELING", "CANCELED", "FAILED"],
  RUNNING: ["FINISHED", "CANCELING", "CANCELED", "FAILED"],
  CANCELING: ["FINISHED", "CANCELED", "FAILED"],
  FINISHED: ["FAILED"],
  CANCELED: [],
  FAILED: [],
};

const ENDED: readonly ExecutionState[] = ["FINISHED", "CANCELED", "FAILED"];

interface Execution {
  readonly vertex: number;
  readonly subtask: number;
  state: ExecutionState;
  /** Index of the member that runs it. */
  member: number | undefined;
}

/** Every subtask of one attempt of a job: its state, and who runs it. */
export class ExecutionGraph {
  readonly #executions: readonly (readonly Execution[])[];

  constructor({ vertices }: JobGraph) {
    this.#executions = vertices.map(({ id, parallelism }) =>
      Array.from({ length: parallelism }, (_, subtask): Execution => ({ vertex: id, subtask, state: "CREATED", member: undefined })),
    );
  }

  /** Gives subtask `i` of every vertex the slot `i`, so that subtasks of equal index share one, as in Flink. */
  place(memberOfSlot: readonly number[]): void {
    for (const execution of this.#all()) execution.member = memberOfSlot[execution.subtask]!;
  }

  /** By vertex, then subtask. */
  get placement(): readonly (readonly number[])[] {
    return this.#executions.map((executions) => executions.map(({ vertex, subtask }) => this.memberOf(vertex, subtask)));
  }

  memberOf(vertex: number, subtask: number): number {
    const { member } = this.#executions[vertex]![subtask]!;
    assert(member !== undefined, "a subtask has been given a slot before it is spoken to");
    return member;
  }

  /** The subtasks of a member that have not ended. */
  liveOn(member: number): readonly { readonly vertex: number; readonly subtask: number }[] {
    return [...this.#all()].filter((execution) => execution.member === member && !ENDED.includes(execution.state));
  }

  isEvery(...states: readonly ExecutionState[]): boolean {
    return [...this.#all()].every(({ state }) => states.includes(state));
  }

  /** What comes too late for its subtask changes nothing: a task may finish while the word that cancels it is on its way. */
  move(vertex: number, subtask: number, state: ExecutionState): boolean {
    const execution = this.#executions[vertex]![subtask]!;
    if (!NEXT[execution.state].includes(state)) return false;
    execution.state = state;
    return true;
  }

  moveAll(state: ExecutionState, member?: number): void {
    for (const execution of this.#all()) {
      if (member === undefined || execution.member === member) this.move(execution.vertex, execution.subtask, state);
    }
  }

  reports(taskManagerOf: (member: number) => number): readonly SubtaskReport[] {
    return [...this.#all()].map(({ vertex, subtask, state, member }) => ({
      vertex,
      subtask,
      state,
      taskManager: member === undefined ? undefined : taskManagerOf(member),
    }));
  }

  #all(): Iterable<Execution> {
    return this.#executions.flat();
  }
}
