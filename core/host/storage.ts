import { JobError } from "../lib/errors.ts";
import type { Host } from "./host.ts";
import { afterRunningFor } from "./running-timeout.ts";

/**
 * Names and bytes that outlive whoever wrote them: what checkpoints are kept in. One call decides between writers that do not know of each other: of all `putIfAbsent` of one
 * name, one writes. Everything else follows from that.
 *
 * Names are ASCII: letters, digits, `.`, `_`, `-`, and `/` between their parts. Each call is answered once, as mail. A failure of `putIfAbsent` leaves open whether it wrote:
 * only reading tells.
 */
export interface Storage {
  /** Whole or not at all. `true`: this call has written it, and it survives the end of the process; `false`: the name was there already, and keeps its bytes. The bytes must not change before the answer. */
  putIfAbsent(name: string, bytes: Uint8Array, onDone: (isWritten: boolean) => void, onFailure: (error: JobError) => void): void;
  /** Undefined where there is none of this name. */
  get(name: string, onDone: (bytes: Uint8Array | undefined) => void, onFailure: (error: JobError) => void): void;
  /** All names that begin with `prefix` and come after `after`, ascending. What was written before the call is among them. */
  list(prefix: string, after: string, onDone: (names: readonly string[]) => void, onFailure: (error: JobError) => void): void;
  /** Names that are not there are passed over. */
  remove(names: readonly string[], onDone: () => void, onFailure: (error: JobError) => void): void;
  /** Nothing is asked of it any more. */
  close(): void;
}

/** A storage as platforms have it, with promises: means the same as `Storage`. What it rejects with fails the checkpoint at hand, never the job. */
export interface AsyncStorage {
  /** What messages call it: its address, without secrets. */
  readonly description: string;
  putIfAbsent(name: string, bytes: Uint8Array): PromiseLike<boolean>;
  get(name: string): PromiseLike<Uint8Array | undefined>;
  list(prefix: string, after: string): PromiseLike<readonly string[]>;
  remove(names: readonly string[]): PromiseLike<void>;
  close(): void;
}

/** Opens the storage at an address such as `file:./checkpoints`. @throws JobError INVALID_ARGUMENT for an address that it cannot take. */
export type OpenStorage = (url: string) => AsyncStorage;

/** What a host can keep checkpoints in, by the scheme of their addresses: `file`, `idb`, … */
export type StorageSchemes = Readonly<Record<string, OpenStorage>>;

/** Without an answer for so long a call has failed: connections hang. */
const TIMEOUT_MS = 60_000;
/** What is written may take this much longer, ms a byte: 256 KB a second. */
const TIMEOUT_MS_PER_BYTE = 1_000 / (256 * 1024);

/** The storage as the engine takes it: its answers come as jobs of the scheduler, and a failure takes the place of one that does not come. */
export function storageOver(storage: AsyncStorage, { clock, scheduler }: Pick<Host, "clock" | "scheduler">): Storage {
  function ask<T>(what: string, timeoutMs: number, call: () => PromiseLike<T>, onDone: (value: T) => void, onFailure: (error: JobError) => void): void {
    let isAnswered = false;
    const answer = (then: () => void): void => {
      if (isAnswered) return;
      isAnswered = true;
      timer.cancel();
      then();
    };
    const failed = (cause: unknown): void => answer(() => onFailure(storageError(what, storage.description, cause)));
    const timer = afterRunningFor({ clock, scheduler }, timeoutMs, () => failed(new Error(`it has not answered for ${Math.round(timeoutMs)} ms`)));
    try {
      call().then(
        (value) => scheduler.post(() => answer(() => onDone(value))),
        (cause) => scheduler.post(() => failed(cause)),
      );
    } catch (cause) {
      scheduler.post(() => failed(cause));
    }
  }
  return {
    putIfAbsent: (name, bytes, onDone, onFailure) =>
      ask(`write ${name} to`, TIMEOUT_MS + bytes.length * TIMEOUT_MS_PER_BYTE, () => storage.putIfAbsent(name, bytes), onDone, onFailure),
    get: (name, onDone, onFailure) => ask(`read ${name} from`, TIMEOUT_MS, () => storage.get(name), onDone, onFailure),
    list: (prefix, after, onDone, onFailure) => ask(`list ${prefix} in`, TIMEOUT_MS, () => storage.list(prefix, after), onDone, onFailure),
    remove: (names, onDone, onFailure) => ask("remove from", TIMEOUT_MS, () => storage.remove(names), onDone, onFailure),
    close: () => storage.close(),
  };
}

function storageError(what: string, description: string, cause: unknown): JobError {
  if (cause instanceof JobError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  return new JobError("STORAGE_FAILED", `could not ${what} ${description}: ${text}`, { cause });
}
