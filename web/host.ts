import type { Host } from "../core/host/host.ts";
import type { KernelModule } from "../core/host/kernel-module.ts";
import { channelNetwork } from "../core/host/message-port.ts";
import { WEB_STORAGES } from "./storages.ts";
import { createLocalHost, THREAD_TURN_MS_MAX } from "../core/local-host.ts";

/**
 * The host of a page or of a worker of one: its lines lead to other threads, and they share memory where the page is cross-origin isolated. Some browsers
 * isolate and still have no shared memory.
 */
export function createWebHost(kernel?: KernelModule): Host {
  const host = createLocalHost("web", kernel, THREAD_TURN_MS_MAX);
  const sharesMemory = crossOriginIsolated && typeof SharedArrayBuffer === "function";
  return { ...host, storages: WEB_STORAGES, sharesMemory, network: channelNetwork(() => new MessageChannel(), host.scheduler.post) };
}
