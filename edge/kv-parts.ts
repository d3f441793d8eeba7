import type { PartStore } from "../core/host/records-apart.ts";

/** The little that is needed of a namespace of KV. */
export interface KvNamespace {
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
  put(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
}

/** What KV takes. The runtime on a developer's machine says so too, in fewer words. */
const VALUE_BYTES_MAX = 26_214_400;
/** A place may remember for a minute that a key was missing. Together longer than that. */
const WAITS_MS: readonly number[] = [1_000, 4_000, 15_000, 45_000];

/** Bytes in KV, which is slow to show elsewhere what is written here, and decides nothing. */
export function kvParts(namespace: KvNamespace, wait: (ms: number) => Promise<void> = waited): PartStore {
  return {
    async put(key, bytes) {
      if (VALUE_BYTES_MAX < bytes.length) throw new Error(`KV takes values of up to ${VALUE_BYTES_MAX} bytes, and this has ${bytes.length}`);
      await namespace.put(key, bytes);
    },
    async get(key) {
      for (let attempt = 0; ; attempt += 1) {
        const value = await namespace.get(key, "arrayBuffer");
        if (value !== null) return new Uint8Array(value);
        const ms = WAITS_MS[attempt];
        if (ms === undefined) throw new Error(`KV has no ${key}, also after a while: its writer may have died before it was written`);
        await wait(ms);
      }
    },
    async remove(keys) {
      for (const key of keys) await namespace.delete(key);
    },
    close() {},
  };
}

function waited(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
