import type { Host, Network } from "../core/host/host.ts";
import type { KernelModule } from "../core/host/kernel-module.ts";
import type { StorageSchemes } from "../core/host/storage.ts";
import { openLine } from "../core/host/local-line.ts";
import type { ObjectState } from "./durable-object.ts";
import { ALARM_MS_MIN, EdgeScheduler, type SchedulerPlatform } from "./edge-scheduler.ts";
import type { LinePeer } from "./line-end.ts";
import { Lines } from "./lines.ts";

/** What one object is for the engine: the host, and what the platform calls in it. */
export interface EdgeHost extends Host {
  readonly network: Required<Network>;
  readonly lines: Lines;
  /** To be called by the method `alarm` of the object. */
  alarm(): Promise<void>;
}

/** What makes one object's host differ from another's. */
export interface EdgeHostOptions {
  /** By which other objects find this one. */
  readonly address: string;
  readonly state: ObjectState;
  /** Finds other objects. */
  readonly peerAt: (address: string) => LinePeer;
  readonly kernel?: KernelModule;
  /** What is bound to keep checkpoints in. */
  readonly storages?: StorageSchemes;
  /** Where a test stands in for the platform. */
  readonly platform?: Partial<SchedulerPlatform>;
}

/**
 * The host of what runs in one Durable Object. Its clock stands still while code runs, its jobs run in turns of so many, its timers are in the care of the object's
 * alarm, and its lines lead to other objects.
 */
export function createEdgeHost(options: EdgeHostOptions): EdgeHost {
  const platform = { storage: options.state.storage, now: () => Date.now(), alarmMsMin: ALARM_MS_MIN, wake, print: (line: string) => console.log(line), ...options.platform };
  const { now, print } = platform;
  const scheduler = new EdgeScheduler(platform);
  const lines = new Lines({ address: options.address, peerAt: options.peerAt, scheduler, now, print });
  const post = (job: () => void): void => scheduler.post(job);
  return {
    name: "edge",
    clock: { now },
    scheduler,
    random: { next: () => Math.random() },
    network: { address: options.address, openLine: () => openLine(post), connect: (address, line) => lines.connect(address, line) },
    lines,
    sharesMemory: false,
    ...(options.storages === undefined ? {} : { storages: options.storages }),
    ...(options.kernel === undefined ? {} : { kernel: options.kernel }),
    shouldYield: () => scheduler.shouldYield(),
    print,
    warn: (line) => console.warn(line),
    alarm: () => scheduler.alarm(),
  };
}

/** By a timeout of 0 ms, which costs 10 to 20 µs: what a MessageChannel brings is a microtask here, and lets nothing else in. */
function wake(run: () => void, ms: number): () => void {
  const timeout = setTimeout(run, ms);
  return () => clearTimeout(timeout);
}
