import type { ClusterJobClient, JobReport } from "../core/api/executor.ts";
import { errorFromData, errorToData, type JobErrorData } from "../core/lib/error-data.ts";
import { JobError } from "../core/lib/errors.ts";
import { requireOptionNames } from "../core/lib/option-names.ts";
import { checkedCount } from "../core/cluster.ts";
import { WebCluster, type WebClusterOptions } from "./cluster.ts";
import { requireName } from "./indexed-db-stores.ts";

/** What a tab does for a shared job: one leads and runs it, the others follow. */
export type TabRole = "leader" | "follower";

/** How a job is shared between tabs; the same in each of them. */
export interface SharedJobOptions<Results extends object> {
  /** Runs the job on the given cluster, in the tab that leads. Where its checkpoints lie in IndexedDB, the next leader goes on from the last of them. */
  readonly start: (cluster: WebCluster) => Promise<ClusterJobClient>;
  /** Of the tab that leads. */
  readonly cluster?: WebClusterOptions | undefined;
  /** By the name of a `collectSink`: called in every tab with what the job gives while that is open. */
  readonly results?: { readonly [Name in keyof Results]: (batch: readonly Results[Name][]) => void } | undefined;
  /** Called in every tab, each second and at the end. */
  readonly onReport?: ((report: JobReport) => void) | undefined;
  /** Called when this tab begins to lead, or to follow again. It follows at first. */
  readonly onRole?: ((role: TabRole) => void) | undefined;
  /** A leader that does not answer for so long, ms, is replaced: it is frozen, or its page is busy all the time. Default 5000. */
  readonly leaderTimeoutMs?: number | undefined;
}

/** A tab's part in a shared job. */
export interface SharedJob {
  readonly role: TabRole;
  /** In the tab that leads, once the job has been submitted; undefined elsewhere. */
  readonly client: ClusterJobClient | undefined;
  /** Resolves when the job has finished, in whichever tab. Rejects with what made it fail, and with CLUSTER_CLOSED when this tab has left. */
  result(): Promise<void>;
  /** This tab takes no part any more; where it led, another one goes on. */
  close(): void;
}

type Message =
  | { readonly kind: "ask" }
  | { readonly kind: "alive" }
  | { readonly kind: "results"; readonly name: string; readonly batch: readonly unknown[] }
  | { readonly kind: "report"; readonly report: JobReport }
  | Outcome;

type Outcome = { readonly kind: "finished" } | { readonly kind: "failed"; readonly error: JobErrorData };

const OPTIONS = ["start", "cluster", "results", "onReport", "onRole", "leaderTimeoutMs"];
/** So many questions in a row without an answer, and not a time: timers of hidden tabs come once a minute, and what was asked before a laptop slept is asked once more behind that. */
const UNANSWERED_MAX = 5;

/**
 * Runs a job in exactly one of the open tabs of a site and shows it in all of them. When the tab that runs it is closed or frozen, another one goes on from the job's last checkpoint.
 *
 * @example
 * ```text
 * import { shareJob } from "tamias/web";
 *
 * const job = shareJob("clicks", {
 *   start: (cluster) => cluster.submit(new URL("./job.ts", import.meta.url), {}, {
 *     configuration: { "execution.checkpointing.dir": "idb:clicks", "execution.checkpointing.interval": 1_000 },
 *   }),
 *   results: { totals: (batch: readonly Total[]) => draw(batch) },
 * });
 * ```
 *
 * @param name the same in all tabs, and another one for another job
 * @throws JobError INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export function shareJob<Results extends object = Record<never, never>>(name: string, options: SharedJobOptions<Results>): SharedJob {
  requireName("a shared job", name);
  requireOptionNames("shareJob", options, OPTIONS);
  if (navigator.locks === undefined) throw new JobError("INVALID_ARGUMENT", "shareJob needs Web Locks, which browsers give only to pages from https: or localhost");
  const { leaderTimeoutMs = 5_000 } = options;
  const tab = new Tab(name, options as SharedJobOptions<Record<string, unknown>>, checkedCount("leaderTimeoutMs", leaderTimeoutMs));
  tab.open();
  return tab;
}

class Tab implements SharedJob {
  role: TabRole = "follower";
  client: ClusterJobClient | undefined;
  /** Of lock and channel. */
  readonly #name: string;
  readonly #options: SharedJobOptions<Record<string, unknown>>;
  readonly #askEveryMs: number;
  readonly #result: Promise<void>;
  #settle: { readonly resolve: () => void; readonly reject: (error: JobError) => void } | undefined;
  #isAsked = false;
  /** Absent while the page is frozen: messages would pile up. */
  #channel: BroadcastChannel | undefined;
  #asking: ReturnType<typeof setTimeout> | undefined;
  #unanswered = 0;
  #outcome: Outcome | undefined;
  #isClosed = false;
  /** The lock is taken from whoever has it. */
  #isStealing = false;
  #waiting: AbortController | undefined;
  /** Of the time in which this tab leads. */
  #cluster: WebCluster | undefined;
  /** Gives up the lock. */
  #abdicate: () => void = () => {};

  constructor(name: string, options: SharedJobOptions<Record<string, unknown>>, leaderTimeoutMs: number) {
    this.#name = `tamias job ${name}`;
    this.#options = options;
    this.#askEveryMs = leaderTimeoutMs / UNANSWERED_MAX;
    this.#result = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Whoever has not asked is told by a warning.
    this.#result.catch(() => {});
  }

  open(): void {
    this.#listen();
    globalThis.document?.addEventListener("visibilitychange", this.#onVisibility);
    globalThis.document?.addEventListener("freeze", this.#onPause);
    globalThis.document?.addEventListener("resume", this.#listen);
    globalThis.addEventListener("pagehide", this.#onPause);
    globalThis.addEventListener("pageshow", this.#listen);
    void this.#takePart();
    this.#ask();
  }

  result(): Promise<void> {
    this.#isAsked = true;
    return this.#result;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#asking);
    globalThis.document?.removeEventListener("visibilitychange", this.#onVisibility);
    globalThis.document?.removeEventListener("freeze", this.#onPause);
    globalThis.document?.removeEventListener("resume", this.#listen);
    globalThis.removeEventListener("pagehide", this.#onPause);
    globalThis.removeEventListener("pageshow", this.#listen);
    this.#endTerm();
    this.#abdicate();
    this.#waiting?.abort();
    this.#channel?.close();
    this.#channel = undefined;
    this.#settle?.reject(new JobError("CLUSTER_CLOSED", "this tab has left the shared job"));
  }

  /** Waits for the lock and leads, again and again: it may be stolen, and come back. */
  async #takePart(): Promise<void> {
    while (!this.#isClosed && this.#outcome === undefined) {
      this.#waiting = new AbortController();
      const options = this.#isStealing ? { steal: true } : { signal: this.#waiting.signal };
      this.#isStealing = false;
      // Rejects when the lock is stolen, and when the wait for it is given up.
      await navigator.locks.request(this.#name, options, () => this.#lead()).catch(() => {});
      this.#endTerm();
    }
  }

  async #lead(): Promise<void> {
    if (this.#isClosed || this.#outcome !== undefined) return;
    const { start, cluster: clusterOptions } = this.#options;
    const cluster = new WebCluster(clusterOptions);
    this.#cluster = cluster;
    this.#isStealing = false;
    this.#unanswered = 0;
    this.#say({ kind: "alive" });
    this.#setRole("leader");
    try {
      await this.#follow(cluster, await start(cluster));
      this.#concludeAll(cluster, { kind: "finished" });
    } catch (cause) {
      const error = cause instanceof JobError ? cause : new JobError("INVALID_ARGUMENT", `the shared job could not be started: ${String(cause)}`, { cause });
      // Another tab leads; whether the lock was stolen already, this one has not heard yet.
      if (error.code === "LEADERSHIP_LOST") return;
      this.#concludeAll(cluster, { kind: "failed", error: errorToData(error) });
    }
    cluster.close();
    // Tabs that are opened later are told what has become of the job, and do not do it again.
    if (this.#cluster === cluster) await new Promise<void>((resolve) => (this.#abdicate = resolve));
  }

  /** Gives what the job gives to all tabs, until it has ended. */
  async #follow(cluster: WebCluster, client: ClusterJobClient): Promise<void> {
    if (this.#cluster !== cluster) return;
    this.client = client;
    const { results = {}, onReport } = this.#options;
    const given = Object.keys(results).map(async (name) => {
      for await (const batch of client.results(name)) this.#publish(cluster, { kind: "results", name, batch });
    });
    if (onReport !== undefined) given.push(this.#followReports(cluster, client));
    // They end with the job, and fail with its error.
    await Promise.allSettled(given);
    await client.result();
  }

  async #followReports(cluster: WebCluster, client: ClusterJobClient): Promise<void> {
    for await (const report of client.reports()) this.#publish(cluster, { kind: "report", report });
  }

  #publish(cluster: WebCluster, message: Message): void {
    if (this.#cluster !== cluster) return;
    this.#say(message);
    this.#show(message);
  }

  #concludeAll(cluster: WebCluster, outcome: Outcome): void {
    if (this.#cluster !== cluster) return;
    this.#say(outcome);
    this.#conclude(outcome);
  }

  /** Workers end at once, and nothing of the job is tidied up: whoever leads next goes on from what is stored. */
  #endTerm(): void {
    this.#cluster?.close();
    this.#cluster = undefined;
    this.client = undefined;
    if (!this.#isClosed) this.#setRole("follower");
  }

  #setRole(role: TabRole): void {
    if (this.role === role) return;
    this.role = role;
    this.#call(() => this.#options.onRole?.(role));
  }

  /**
   * Asks the leader whether it is there. It is not the leader who says so by itself: timers of hidden tabs are throttled, but messages are not, so that one that is visible
   * learns soon what has become of a hidden leader. No two tabs ask in step, for the second would steal from the first.
   */
  #ask(): void {
    this.#asking = setTimeout(() => {
      if (this.#isClosed || this.#outcome !== undefined) return;
      if (this.role === "follower") this.#judge();
      this.#ask();
    }, this.#askEveryMs * (0.5 + Math.random()));
  }

  #judge(): void {
    this.#unanswered += 1;
    if (this.#unanswered <= UNANSWERED_MAX) return this.#say({ kind: "ask" });
    this.#unanswered = 0;
    this.#isStealing = true;
    this.#waiting?.abort();
  }

  readonly #listen = (): void => {
    if (this.#channel !== undefined) return;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#receive(data);
  };

  readonly #onVisibility = (): void => {
    if (document.visibilityState === "hidden") this.#checkpoint();
  };

  readonly #onPause = (): void => {
    this.#checkpoint();
    this.#channel?.close();
    this.#channel = undefined;
  };

  /** The page may not come back: whoever goes on has the less to do again. */
  #checkpoint(): void {
    this.client?.triggerCheckpoint().catch(() => {});
  }

  #receive(message: Message): void {
    if (this.#cluster !== undefined) {
      if (message.kind === "ask") this.#say(this.#outcome ?? { kind: "alive" });
      return;
    }
    if (message.kind !== "ask") this.#unanswered = 0;
    this.#show(message);
  }

  #show(message: Message): void {
    switch (message.kind) {
      case "results":
        return this.#call(() => this.#options.results?.[message.name]?.(message.batch));
      case "report":
        return this.#call(() => this.#options.onReport?.(message.report));
      case "finished":
      case "failed":
        return this.#conclude(message);
      case "ask":
      case "alive":
        return;
    }
  }

  #conclude(outcome: Outcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#waiting?.abort();
    if (outcome.kind === "finished") return this.#settle?.resolve();
    const error = errorFromData(outcome.error);
    if (!this.#isAsked) console.warn(`Tamias: the shared job has failed, and nothing awaits its result(): ${error.message}`);
    this.#settle?.reject(error);
  }

  #say(message: Message): void {
    this.#channel?.postMessage(message);
  }

  /** What the page throws is the page's, and ends nothing here. */
  #call(callback: () => void): void {
    try {
      callback();
    } catch (cause) {
      reportError(cause);
    }
  }
}
