import { MessageChannel } from "node:worker_threads";
import type { Host } from "../core/host/host.ts";
import type { KernelModule } from "../core/host/kernel-module.ts";
import { channelNetwork } from "../core/host/message-port.ts";
import { NODE_STORAGES } from "./storages.ts";
import { createLocalHost, THREAD_TURN_MS_MAX } from "../core/local-host.ts";

/** The host of a thread of Node: its lines lead to other threads, and they share memory. */
export function createNodeHost(kernel?: KernelModule): Host {
  const host = createLocalHost("node", kernel, THREAD_TURN_MS_MAX);
  return { ...host, storages: NODE_STORAGES, sharesMemory: true, network: channelNetwork(() => new MessageChannel(), host.scheduler.post) };
}
