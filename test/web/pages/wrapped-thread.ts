import { expose } from "comlink";

/** What answers, what never does, and what goes wrong. */
export const answers = {
  double: (n: number): number => 2 * n,
  refuse(): never {
    throw new RangeError("no");
  },
  never: (): Promise<never> => new Promise(() => {}),
  spin(): never {
    for (;;);
  },
  /** An error that nobody catches, behind the answer. */
  failLater(): void {
    setTimeout(() => {
      throw new Error("a bug in it");
    }, 0);
  },
};
export type Answers = typeof answers;

expose(answers);
