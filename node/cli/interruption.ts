import { EXIT_INTERRUPTED, EXIT_TERMINATED } from "./exit-code.ts";

/**
 * What ends a run from outside, as the exit code it ends with: Ctrl-C, SIGTERM, or a reader of standard output that went away
 * (`| head`), which is a success. Whoever waits for it cancels the jobs, which closes their operators; a second signal ends the process at once.
 */
export function interruption(): Promise<number> {
  return new Promise((resolve) => {
    let interrupted = false;
    const interrupt = (code: number): void => {
      if (interrupted) process.exit(code);
      interrupted = true;
      resolve(code);
    };
    process.on("SIGINT", () => interrupt(EXIT_INTERRUPTED));
    process.on("SIGTERM", () => interrupt(EXIT_TERMINATED));
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      resolve(0);
    });
    // There is nobody left to tell.
    process.stderr.on("error", () => {});
  });
}

/**
 * Rejects with the first error that nobody caught: thrown in a callback, or a rejected promise that was dropped. Later ones are
 * consequences.
 */
export function strayError(): Promise<never> {
  return new Promise((_resolve, reject) => {
    process.on("uncaughtException", reject);
  });
}
