import { CheckpointStore } from "../checkpoint/checkpoint-store.ts";
import type { StoredCheckpoint } from "../checkpoint/part-loader.ts";
import { decodeRecord, type EndStatus, isCheckpoint, type StoredRecord } from "../checkpoint/record.ts";
import { requireRestorable } from "../checkpoint/restorable.ts";
import { jobFolder } from "../checkpoint/store-names.ts";
import type { JobGraph } from "../graph/job-graph.ts";
import type { Cancellable, Host } from "../host/host.ts";
import { openMemoryStorage } from "../host/memory-storage.ts";
import { type AsyncStorage, type Storage, storageOver, type StorageSchemes } from "../host/storage.ts";
import { JobError } from "../lib/errors.ts";
import type { JobOutcome } from "./job-attempt.ts";
import { type RestartStrategy, restartStrategy } from "./restart-strategy.ts";
import { asJobError } from "./task.ts";

/** How one attempt of a job begins. */
export interface AttemptStart {
  /** Greater than that of every attempt before, also of other processes where checkpoints are stored. */
  readonly attempt: number;
  readonly restore: AttemptRestore | undefined;
  readonly store: CheckpointStore | undefined;
  readonly storage: Storage | undefined;
  readonly folder: string;
}

export interface AttemptRestore extends StoredCheckpoint {
  /** Whether later checkpoints may point into its parts: they are those of the job itself, not of a savepoint. */
  readonly isOwn: boolean;
}

export interface JobRecoveryOptions {
  readonly host: Host;
  readonly graph: JobGraph;
  /** Whether what is stored of the job is removed first. */
  readonly startsAfresh: boolean;
  /** Epoch of the first leader that the job has had since it was submitted; undefined: this is the first. A job that has ended under one of them does not begin again. */
  readonly since: number | undefined;
  begin(start: AttemptStart): void;
  /** The job has ended, and what is to be removed is removed. */
  onEnd(outcome: JobOutcome): void;
}

/**
 * Carries a job over its attempts: finds in the storage what it goes on from, begins the attempt, and when it has failed begins again as the restart strategy says. What to go on from is read
 * anew each time: nothing that was acknowledged is trusted until it is read back.
 */
export class JobRecovery {
  readonly #options: JobRecoveryOptions;
  readonly #strategy: RestartStrategy;
  readonly #folder: string;
  #storage: Storage | undefined;
  #store: CheckpointStore | undefined;
  /** Checkpoints to fall back on, the newest first. */
  #candidates: readonly StoredCheckpoint[] = [];
  #damages: JobError[] = [];
  #delay: Cancellable | undefined;
  /** After which the job began again. */
  #lastFailure: JobError | undefined;
  #attempts = 0;
  #isOver = false;
  #isRunning = false;

  constructor(options: JobRecoveryOptions) {
    const { host, graph } = options;
    this.#options = options;
    this.#strategy = restartStrategy(graph.settings.restart, () => host.random.next());
    this.#folder = jobFolder(graph.jobName);
  }

  start(): void {
    const { host, graph } = this.#options;
    const { checkpointing } = graph.settings;
    try {
      if (checkpointing !== undefined && graph.settings.mode === "STREAMING") {
        this.#storage = openStorage(checkpointing.storage, host);
        const writer = Math.floor(host.random.next() * 2 ** 48).toString(36);
        const { retainedMax, concurrentMax: laggingMax } = checkpointing;
        this.#store = new CheckpointStore({ storage: this.#storage, folder: this.#folder, jobName: graph.jobName, writer, retainedMax, laggingMax });
      }
    } catch (cause) {
      return this.#end({ status: "FAILED", error: asJobError(cause) });
    }
    this.#next();
  }

  /** Before there is an attempt, between two, or while there is one, which then is canceled by whoever runs it. */
  cancel(): void {
    this.#delay?.cancel();
    if (!this.#isRunning) this.#end({ status: "CANCELED" });
  }

  /** Nobody wants the job any more; what is stored stays as it is. */
  abandon(): void {
    this.#isOver = true;
    this.#delay?.cancel();
    this.#storage?.close();
  }

  /** What the attempt was to begin from cannot be read: the one before it is tried. */
  fallBack(error: JobError): void {
    this.#isRunning = false;
    const [failed, ...older] = this.#candidates;
    this.#candidates = older;
    this.#damages.push(error);
    this.#options.host.warn(`the job "${this.#options.graph.jobName}" cannot go on from checkpoint ${failed?.manifest.checkpointId}, and falls back on an older one: ${error.reason}`);
    this.#beginFromCandidate();
  }

  /** The attempt is over, and nothing of it runs any more. */
  attemptEnded(outcome: JobOutcome): void {
    this.#isRunning = false;
    if (this.#isOver) return;
    if (outcome.status !== "FAILED") return this.#end(outcome);
    const { host, graph } = this.#options;
    const { error } = outcome;
    const delayMs = error.kind === "user" ? undefined : this.#strategy.delayMs(host.clock.now());
    if (delayMs === undefined) return this.#end({ status: "FAILED", error: behind(this.#lastFailure, error) });
    this.#lastFailure = error;
    host.warn(`the job "${graph.jobName}" failed and begins again in ${delayMs} ms: ${error.message}`);
    this.#delay = host.scheduler.at(host.clock.now() + delayMs, () => this.#next());
  }

  #next(): void {
    if (this.#isOver) return;
    if (this.#store === undefined) return this.#beginWithoutCheckpoint();
    const store = this.#store;
    const failed = (error: JobError): void => this.#couldNotBegin(error);
    if (this.#options.startsAfresh && store.epoch === 0) return store.lead(() => store.discard("CANCELED", () => this.#lead(store), failed), failed);
    this.#lead(store);
  }

  #lead(store: CheckpointStore): void {
    store.lead(
      ({ checkpoints, damaged, ended }) => {
        if (this.#isOver) return;
        const { since } = this.#options;
        if (ended !== undefined && since !== undefined && since <= ended.epoch) return this.#hasEnded(ended.status);
        this.#candidates = checkpoints;
        this.#damages = [...damaged];
        for (const { reason } of damaged) this.#options.host.warn(`a checkpoint of the job "${this.#options.graph.jobName}" is passed over: ${reason}`);
        // What earlier leaders have left behind; nobody waits for it.
        store.sweep(0, () => {}, () => {});
        this.#beginFromCandidate();
      },
      (error) => this.#couldNotBegin(error),
    );
  }

  /** Whoever led it then told nobody. What its accumulators counted is lost. */
  #hasEnded(status: EndStatus): void {
    if (status !== "FAILED") return this.#end({ status });
    this.#end({ status, error: new JobError("JOB_MASTER_LOST", `the job "${this.#options.graph.jobName}" has failed, and the worker that led it was lost before it said why`) });
  }

  #beginFromCandidate(): void {
    const [candidate] = this.#candidates;
    if (candidate !== undefined) return this.#begin({ ...candidate, isOwn: true });
    const [damage] = this.#damages;
    if (damage === undefined) return this.#beginWithoutCheckpoint();
    const all = this.#damages.map(({ reason }) => reason).join("; ");
    this.#end({
      status: "FAILED",
      error: new JobError("CORRUPT_DATA", `the job "${this.#options.graph.jobName}" has no checkpoint that can be read: ${all}. Start it from a savepoint, or afresh, under another name or in another storage`),
    });
  }

  #beginWithoutCheckpoint(): void {
    const { savepoint } = this.#options.graph.settings.recovery;
    const failed = (error: JobError): void => this.#end({ status: "FAILED", error });
    if (savepoint === undefined) return this.#begin(undefined);
    if (typeof savepoint !== "string") return this.#beginFrom(savepoint, "the given savepoint", failed);
    const slash = savepoint.lastIndexOf("/");
    try {
      const storage = openStorage(savepoint.slice(0, slash), this.#options.host);
      storage.get(
        savepoint.slice(slash + 1),
        (bytes) => {
          storage.close();
          if (bytes === undefined) failed(new JobError("INVALID_ARGUMENT", `there is no savepoint ${savepoint}`));
          else this.#beginFrom(bytes, savepoint, failed);
        },
        failed,
      );
    } catch (cause) {
      failed(asJobError(cause));
    }
  }

  #beginFrom(bytes: Uint8Array, what: string, onFailure: (error: JobError) => void): void {
    let record: StoredRecord;
    try {
      record = decodeRecord(bytes);
    } catch (cause) {
      return onFailure(asJobError(cause));
    }
    if (isCheckpoint(record)) this.#begin({ ...record, isOwn: false });
    else onFailure(new JobError("CORRUPT_DATA", `${what} is no savepoint`));
  }

  #begin(restore: AttemptRestore | undefined): void {
    const { graph, begin } = this.#options;
    if (this.#isOver) return;
    try {
      if (restore !== undefined) requireRestorable(restore.manifest, graph, graph.settings.recovery.allowNonRestoredState);
    } catch (cause) {
      return this.#end({ status: "FAILED", error: asJobError(cause) });
    }
    this.#isRunning = true;
    const attempt = this.#store?.epoch ?? this.#attempts;
    this.#attempts += 1;
    begin({ attempt, restore, store: this.#store, storage: this.#storage, folder: this.#folder });
  }

  /** The storage cannot be asked what to go on from. Whoever has just submitted the job is told: its address may be wrong, and trying again would hide that. */
  #couldNotBegin(error: JobError): void {
    if (this.#attempts === 0 && this.#options.since === undefined) this.#end({ status: "FAILED", error });
    else this.attemptEnded({ status: "FAILED", error });
  }

  #end(outcome: JobOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { host, graph, onEnd } = this.#options;
    const store = this.#store;
    const ended = (): void => {
      this.#storage?.close();
      onEnd(outcome);
    };
    if (store === undefined || store.epoch === 0 || isTakenOver(outcome)) return ended();
    const failed = (error: JobError): void => {
      host.warn(`the checkpoints of the job "${graph.jobName}", which has ended, could not be tidied up: ${error.reason}`);
      ended();
    };
    if (this.#keepsCheckpoints(outcome)) store.settle(ended, failed);
    else store.discard(outcome.status, ended, failed);
  }

  #keepsCheckpoints(outcome: JobOutcome): boolean {
    const { retention } = this.#options.graph.settings.checkpointing!;
    if (outcome.status === "FINISHED") return false;
    if (outcome.status === "CANCELED") return retention === "RETAIN_ON_CANCELLATION";
    return retention !== "NO_EXTERNALIZED_CHECKPOINTS";
  }
}

/** What ends a job that has begun again may be no more than a consequence. */
function behind(before: JobError | undefined, error: JobError): JobError {
  if (before === undefined || before.reason === error.reason) return error;
  return new JobError(error.code, `${error.reason}. The job had begun again after: ${before.message}`, { ...error.place, cause: error.cause ?? before });
}

function isTakenOver(outcome: JobOutcome): boolean {
  return outcome.status === "FAILED" && outcome.error.code === "LEADERSHIP_LOST";
}

/** @throws JobError INVALID_ARGUMENT for an address that no storage of the host is for. */
export function openStorage(storage: string | AsyncStorage | undefined, host: Host): Storage {
  if (storage === undefined) return storageOver(openMemoryStorage("memory:"), host);
  if (typeof storage !== "string") return storageOver(storage, host);
  const scheme = storage.slice(0, storage.indexOf(":"));
  const all: StorageSchemes = { memory: openMemoryStorage, ...host.storages };
  const open = Object.hasOwn(all, scheme) ? all[scheme] : undefined;
  if (open !== undefined) return storageOver(open(storage), host);
  const known = Object.keys(all).map((each) => `${each}:`).join(", ");
  throw new JobError(
    "INVALID_ARGUMENT",
    `there is no storage for ${scheme}: where the job runs (${host.name}), only for ${known}. Give StreamExecutionEnvironment.setStorages those of the host, NODE_STORAGES of tamias/node or WEB_STORAGES of tamias/web`,
  );
}

/** Whether other threads and machines find in it what one has written. */
export function isSharedStorage(storage: string | AsyncStorage | undefined): storage is string {
  return typeof storage === "string" && !storage.startsWith("memory:");
}

/** The storage as the task managers of a job have it: none where it is memory, so that state goes to the job master. */
export function openSharedStorage(storage: string | AsyncStorage | undefined, host: Host): Storage | undefined {
  return isSharedStorage(storage) ? openStorage(storage, host) : undefined;
}
