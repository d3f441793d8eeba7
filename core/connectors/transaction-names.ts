import { types, type TypeOf } from "../data/type.ts";

/** Type of what a writer's state says of its transactions. */
export const transactionsStateType = /* @__PURE__ */ types.object({ line: types.string, writer: types.string, begun: types.number });

/** What a checkpoint knows of the transactions of one writer: those with a number below `begun`. */
export type TransactionsState = TypeOf<typeof transactionsStateType>;

/** One transaction of a writer. */
export interface TransactionName {
  readonly line: string;
  readonly writer: string;
  readonly number: number;
}

/** 36 to the power of 8: a name is eight digits to the base of 36. */
const NAMES = 2_821_109_907_456;

/**
 * Names for the transactions of a sink's writer. No other writer makes them: not one of another subtask, of another attempt or of another job. And a writer that is
 * restored knows those that writers before it have begun and no checkpoint knows: they bear the name of its line, which goes from writer to writer with the state.
 */
export class TransactionNames {
  readonly line: string;
  readonly writer: string;
  #begun = 0;

  /** `states` are those that the writer is restored from, if any; the line of the first goes on. */
  constructor(random: () => number, states: readonly TransactionsState[] = []) {
    this.writer = nameFrom(random);
    this.line = states[0]?.line ?? nameFrom(random);
  }

  next(): TransactionName {
    const number = this.#begun;
    this.#begun += 1;
    return { line: this.line, writer: this.writer, number };
  }

  state(): TransactionsState {
    return { line: this.line, writer: this.writer, begun: this.#begun };
  }
}

/**
 * Whether the transaction was begun by a writer that is gone, and is in no checkpoint: its records come again. To be asked where a writer is restored from `states`: since then
 * everything that the checkpoint has prepared bears the name of a writer in the states of that checkpoint, whichever subtask it has gone to.
 */
export function isAbandoned({ line, writer, number }: TransactionName, states: readonly TransactionsState[]): boolean {
  return states.some((state) => state.line === line && !(state.writer === writer && number < state.begun));
}

function nameFrom(random: () => number): string {
  return Math.floor(random() * NAMES).toString(36).padStart(8, "0");
}
