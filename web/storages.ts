import { openMemoryStorage } from "../core/host/memory-storage.ts";
import type { StorageSchemes } from "../core/host/storage.ts";
import { openIndexedDbStorage } from "./indexed-db-storage.ts";

/** What pages and their workers can keep checkpoints in. */
export const WEB_STORAGES: StorageSchemes = { memory: openMemoryStorage, idb: openIndexedDbStorage };
