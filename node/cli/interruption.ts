import { EXIT_INTERRUPTED, EXIT_TERMINATED } from "./exit-code.ts";

export interface Interruption {
  readonly signal: AbortSignal;
  /** The exit code of what came, undefined where nothing did. */
  exitCode(): number | undefined;
  stop(): void;
}

/**
 * Ctrl-C and SIGTERM cancel the job, which closes its operators; a second signal ends the process at once. A reader of standard output that goes
 * away (`| head`) cancels too, and counts as success.
 */
export function listenForSignals(): Interruption {
  const controller = new AbortController();
  let code: number | undefined;
  const interrupt = (signal: NodeJS.Signals): void => {
    const again = code !== undefined;
    code = signal === "SIGTERM" ? EXIT_TERMINATED : EXIT_INTERRUPTED;
    if (again) process.exit(code);
    controller.abort(signal);
  };
  const onOutputError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") throw error;
    code ??= 0;
    controller.abort(error);
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  process.stdout.on("error", onOutputError);
  return {
    signal: controller.signal,
    exitCode: () => code,
    stop: () => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    },
  };
}
