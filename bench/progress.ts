/** What goes on, on the last line of a terminal; elsewhere only what has come of it. */
export class Progress {
  readonly #terminal: NodeJS.WriteStream;
  readonly #began = performance.now();
  #isShown = false;

  constructor(terminal: NodeJS.WriteStream) {
    this.#terminal = terminal;
  }

  show(line: string): void {
    if (!this.#terminal.isTTY) return;
    this.#clear();
    const minutes = ((performance.now() - this.#began) / 60_000).toFixed(1);
    this.#terminal.write(`${line} (${minutes} min)`.slice(0, this.#terminal.columns - 1));
    this.#isShown = true;
  }

  /** A line that stays. */
  note(line: string): void {
    this.#clear();
    console.log(line);
  }

  end(): void {
    this.#clear();
  }

  #clear(): void {
    if (this.#isShown) this.#terminal.write("\r\x1b[K");
    this.#isShown = false;
  }
}
