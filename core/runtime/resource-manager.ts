import type { Host } from "../host/host.ts";
import type { Workers } from "../host/workers.ts";
import { JobError } from "../lib/errors.ts";
import { ClusterWorker, type WorkerEnd } from "./cluster-worker.ts";

export interface ResourceManagerOptions<Script> {
  readonly host: Host;
  readonly workers: Workers<Script>;
  /** How many task managers there are at most. */
  readonly taskManagers: number;
  /** Of each. */
  readonly slots: number;
  readonly helloTimeoutMs: number;
}

/** Slots of one task manager, given to a job. */
export interface Grant<Script> {
  readonly taskManager: TaskManagerWorker<Script>;
  readonly slots: number;
}

/** A task manager as the resource manager has it. */
export interface TaskManagerWorker<Script> {
  /** From 0; another one takes the number of one that is gone. */
  readonly number: number;
  readonly worker: ClusterWorker<Script>;
}

/** A job that wants slots. */
export interface SlotRequest<Script> {
  /** What its workers are made of; the package's own where none is given. */
  readonly script: Script | undefined;
  readonly slots: number;
  /** All of them have started. */
  onGranted(grants: readonly Grant<Script>[]): void;
  onRefused(error: JobError): void;
  /** One of the task managers that were granted, or were to be, is gone. */
  onLost(taskManager: number, end: WorkerEnd): void;
}

interface Place<Script> extends TaskManagerWorker<Script> {
  readonly usedBy: Map<SlotRequest<Script>, number>;
}

/** Starts task managers when slots are wanted, gives the slots to jobs, and takes them back. Jobs that find none free wait, in order. */
export class ResourceManager<Script> {
  readonly #options: ResourceManagerOptions<Script>;
  readonly #places: (Place<Script> | undefined)[];
  readonly #waiting: SlotRequest<Script>[] = [];
  #isServing = false;
  #isClosed = false;

  constructor(options: ResourceManagerOptions<Script>) {
    this.#options = options;
    this.#places = Array.from({ length: options.taskManagers }, () => undefined);
  }

  /** Starts what a job will want that is being built; slots are given when it wants them. */
  expect(script: Script | undefined, slots: number): void {
    const workers = Math.min(slots, this.#places.length);
    for (let number = 0; number < workers; number += 1) if (this.#places[number] === undefined) this.#start(number, script);
  }

  request(request: SlotRequest<Script>): void {
    const { taskManagers, slots } = this.#options;
    if (taskManagers * slots < request.slots) {
      const has = `${taskManagers} task manager${taskManagers === 1 ? "" : "s"} with ${slots} slot${slots === 1 ? "" : "s"} each`;
      request.onRefused(
        new JobError("NO_SLOTS", `the job needs ${request.slots} slots, as many as its highest parallelism, and the cluster has ${has}: give the cluster more, or the job a lower parallelism`),
      );
      return;
    }
    this.#waiting.push(request);
    this.#serve();
  }

  /** The job has ended, or does not want them any more. */
  release(request: SlotRequest<Script>): void {
    const index = this.#waiting.indexOf(request);
    if (0 <= index) this.#waiting.splice(index, 1);
    this.#takeBack(request);
    this.#serve();
  }

  /** Unless another worker has taken the place of the one that the request was given. */
  terminate(request: SlotRequest<Script>, taskManager: number, reason: string): void {
    const place = this.#places[taskManager];
    if (place?.usedBy.has(request) === true) place.worker.terminate(reason);
  }

  /** Ends all of them. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    for (const place of this.#places) place?.worker.terminate("the cluster was closed");
  }

  /**
   * The first one in the queue is served first, so that one that wants many slots gets them in the end. A worker that ends to make room for another asks to serve again, before its
   * place is taken: that waits until the one at hand is served.
   */
  #serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    for (let request = this.#waiting[0]; request !== undefined && !this.#isClosed; request = this.#waiting[0]) {
      if (this.#slotsFor(request) < request.slots) break;
      this.#waiting.shift();
      try {
        this.#grant(request);
      } catch (cause) {
        this.#takeBack(request);
        request.onRefused(notStarted(cause));
      }
    }
    this.#isServing = false;
  }

  #takeBack(request: SlotRequest<Script>): void {
    for (const place of this.#places) {
      if (place?.usedBy.delete(request) === true && place.usedBy.size === 0) place.worker.setBusy(false);
    }
  }

  #slotsFor(request: SlotRequest<Script>): number {
    return this.#places.reduce((sum, place) => sum + this.#freeSlots(place, request), 0);
  }

  /** A task manager of another script has none, unless it is idle: then one of this script takes its place. */
  #freeSlots(place: Place<Script> | undefined, { script }: SlotRequest<Script>): number {
    const { slots } = this.#options;
    if (place === undefined || place.usedBy.size === 0) return slots;
    if (place.worker.script !== script) return 0;
    return slots - [...place.usedBy.values()].reduce((sum, used) => sum + used, 0);
  }

  /** One slot after the other from where most are free: a job runs on as many task managers as it can. */
  #grant(request: SlotRequest<Script>): void {
    const taken = new Map<number, number>();
    for (let left = request.slots; 0 < left; left -= 1) {
      const free = this.#places.map((place, number) => this.#freeSlots(place, request) - (taken.get(number) ?? 0));
      const most = free.indexOf(Math.max(...free));
      taken.set(most, (taken.get(most) ?? 0) + 1);
    }
    const grants = [...taken].sort(([a], [b]) => a - b).map(([number, slots]): Grant<Script> => {
      const place = this.#placeFor(number, request);
      place.usedBy.set(request, slots);
      place.worker.setBusy(true);
      return { taskManager: place, slots };
    });
    let starting = grants.length;
    for (const { taskManager } of grants) {
      taskManager.worker.whenReady(() => {
        starting -= 1;
        // By then the job may have ended, or another of the workers.
        if (starting === 0 && grants.every(({ taskManager: { number } }) => this.#places[number]?.usedBy.has(request))) request.onGranted(grants);
      });
    }
  }

  #placeFor(number: number, { script }: SlotRequest<Script>): Place<Script> {
    const present = this.#places[number];
    if (present !== undefined && present.worker.script === script) return present;
    present?.worker.terminate("a job of another script needs its place");
    return this.#start(number, script);
  }

  #start(number: number, script: Script | undefined): Place<Script> {
    const { host, workers, helloTimeoutMs } = this.#options;
    const usedBy = new Map<SlotRequest<Script>, number>();
    const worker = new ClusterWorker(workers, script, {
      host,
      helloTimeoutMs,
      onEnd: (end) => {
        if (this.#places[number]?.usedBy === usedBy) this.#places[number] = undefined;
        for (const request of usedBy.keys()) request.onLost(number, end);
        this.#serve();
      },
    });
    const place: Place<Script> = { number, worker, usedBy };
    this.#places[number] = place;
    return place;
  }
}

/** A platform may refuse one more worker. */
function notStarted(cause: unknown): JobError {
  if (cause instanceof JobError) return cause;
  return new JobError("TASK_MANAGER_LOST", `a task manager could not be started: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}
