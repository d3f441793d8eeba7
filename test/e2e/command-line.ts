/** Runs the built command line as users do: a process of its own, its output in pipes. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const MAIN = fileURLToPath(new URL("../../dist/node/cli/main.js", import.meta.url));
export const JOBS = fileURLToPath(new URL("jobs/", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly cwd?: string;
  /** What standard input holds; absent means that it is empty. */
  readonly stdin?: string | Buffer;
  readonly keepStdinOpen?: boolean;
  /** Beside the variables of the tests' own process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A process that runs. Tests wait for what it prints, never for time. */
export class Running {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  #stdout = "";
  #stderr = "";
  #onOutput: () => void = () => {};

  constructor(command: string, args: readonly string[], options: StartOptions = {}) {
    this.process = spawn(command, args, { cwd: options.cwd ?? ROOT, stdio: "pipe", env: { ...process.env, ...options.env } });
    this.process.stdout.setEncoding("utf8").on("data", (text: string) => this.#take(() => (this.#stdout += text)));
    this.process.stderr.setEncoding("utf8").on("data", (text: string) => this.#take(() => (this.#stderr += text)));
    // The process may end before it has read its input.
    this.process.stdin.on("error", () => {});
    if (options.stdin !== undefined) this.process.stdin.write(options.stdin);
    if (options.keepStdinOpen !== true) this.process.stdin.end();
    this.ended = new Promise((resolve, reject) => {
      this.process.on("error", reject);
      this.process.on("close", (code, signal) => resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr }));
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  /** Resolves when standard output contains the text; rejects where the process ends without. */
  async printed(text: string | RegExp): Promise<void> {
    const contains = (): boolean => (typeof text === "string" ? this.#stdout.includes(text) : text.test(this.#stdout));
    await new Promise<void>((resolve, reject) => {
      this.#onOutput = () => {
        if (contains()) resolve();
      };
      this.#onOutput();
      void this.ended.then((ended) => {
        if (!contains()) reject(new Error(`the process ended before it printed ${String(text)}: ${JSON.stringify(ended)}`));
      });
    });
  }

  #take(add: () => void): void {
    add();
    this.#onOutput();
  }
}

/** `tamias ARGS…`, by the Node that runs the tests. */
export function startTamias(args: readonly string[], options?: StartOptions): Running {
  return new Running(process.execPath, [MAIN, ...args], options);
}

export function tamias(args: readonly string[], options?: StartOptions): Promise<Ended> {
  return startTamias(args, options).ended;
}

/** The same in a pseudo-terminal of 40 × 100 characters, which `script` makes. What goes to standard input is typed there. */
export function startTamiasInTerminal(args: readonly string[]): Running {
  const command = `stty rows 40 cols 100; exec ${[process.execPath, MAIN, ...args].map((part) => `'${part}'`).join(" ")}`;
  return new Running("script", ["-qefc", command, "/dev/null"], { keepStdinOpen: true });
}
