import { isThenable } from "../lib/thenable.ts";
import { types, type Type } from "../data/type.ts";
import type { OperatorListState, OperatorState } from "../state/operator-state.ts";
import type { Committer } from "./sink.ts";

/** What one checkpoint prepared. */
interface Prepared<Committable> {
  readonly checkpointId: number;
  readonly committable: Committable;
}

/** What commits need of the operator that they belong to. */
export interface CommitsOptions<Committable> {
  readonly operatorState: OperatorState;
  readonly committableType: Type<Committable>;
  /** Runs `mail` in the task. */
  post(mail: () => void): void;
  fail(cause: unknown): void;
  /** `holdsUp` may have changed. */
  onChange(): void;
}

/** Of what a restored checkpoint prepared: it comes before every checkpoint. */
const RESTORED = -1;

/**
 * The second phase of a sink: keeps committables in operator state until their commit is known to have happened, and has them committed in order, one call of the
 * committer at a time. What becomes due while one is under way goes into the next.
 */
export class Commits<Committable> {
  readonly #options: CommitsOptions<Committable>;
  readonly #prepared: OperatorListState<Prepared<Committable>>;
  #committer: Committer<Committable> | undefined;
  /** Everything up to this checkpoint is due. */
  #dueUpTo = -Infinity;
  #isUnderWay = false;
  /** Whether somebody waits until everything that is due has been committed. */
  #isAwaited = false;

  constructor(options: CommitsOptions<Committable>) {
    this.#options = options;
    this.#prepared = options.operatorState.list("committables", preparedType(options.committableType));
  }

  /**
   * The checkpoint that was restored had completed, so what it prepared must become visible, perhaps once more. Nothing goes on until it has: so a checkpoint of this
   * attempt holds nothing that an earlier one prepared.
   */
  open(committer: Committer<Committable>): void {
    this.#committer = committer;
    this.#prepared.update(this.#prepared.get().map(({ committable }) => ({ checkpointId: RESTORED, committable })));
    this.finish(RESTORED);
  }

  prepare(checkpointId: number, committables: readonly Committable[]): void {
    for (const committable of committables) this.#prepared.add({ checkpointId, committable });
  }

  /** A checkpoint has completed. */
  commit(checkpointId: number): void {
    this.#dueUpTo = Math.max(this.#dueUpTo, checkpointId);
    // A committer that is slower than checkpoints slows the job down: else committables would pile up.
    if (this.#isUnderWay) this.#isAwaited ||= this.#due().length !== 0;
    else this.#commitDue();
  }

  /** As `commit`, and holds up the operator until it is done. */
  finish(checkpointId: number): void {
    this.commit(checkpointId);
    this.#isAwaited = this.#isUnderWay;
  }

  /** Whether the operator must wait. */
  get holdsUp(): boolean {
    return this.#isAwaited;
  }

  close(): void {
    this.#committer?.close?.();
  }

  #due(): readonly Prepared<Committable>[] {
    return this.#prepared.get().filter(({ checkpointId }) => checkpointId <= this.#dueUpTo);
  }

  /** Committables leave the state only after the committer has answered: a snapshot taken meanwhile has them, and a restore commits them again. */
  #commitDue(): void {
    const due = this.#due();
    if (due.length === 0) return;
    const answer = this.#committer!.commit(due.map(({ committable }) => committable));
    if (!isThenable(answer)) return this.#committed(due);
    const { post, fail, onChange } = this.#options;
    this.#isUnderWay = true;
    const done = (): void => {
      this.#isUnderWay = false;
      this.#committed(due);
      this.#commitDue();
      this.#isAwaited &&= this.#isUnderWay;
      onChange();
    };
    answer.then(() => post(done), fail);
  }

  #committed(due: readonly Prepared<Committable>[]): void {
    const committed = new Set(due);
    this.#prepared.update(this.#prepared.get().filter((prepared) => !committed.has(prepared)));
  }
}

function preparedType<Committable>(committableType: Type<Committable>): Type<Prepared<Committable>> {
  return types.object({ checkpointId: types.number, committable: committableType }) as unknown as Type<Prepared<Committable>>;
}
