import { EPOCH_MS } from "./events.ts";

/** What a run gave, as far as it is compared: variants of one work must agree on all of it. */
export interface Results {
  /** Rows emitted, re-firings included. */
  readonly results: number;
  /** Sum over the results of a hash of each, modulo 2^32: independent of their order. */
  readonly checksum: number;
  /** Records that came too late. */
  readonly late: number;
}

/** Where every variant puts its results. */
export class Tally implements Results {
  results = 0;
  checksum = 0;
  late = 0;

  /** One result: the last timestamp of its window (or its record's timestamp), and two integers. */
  add(timestamp: number, first: number, second: number): void {
    this.results += 1;
    this.checksum = (this.checksum + hashOf(timestamp, first, second)) | 0;
  }

  /** Takes a result back that a change has replaced. */
  remove(timestamp: number, first: number, second: number): void {
    this.results -= 1;
    this.checksum = (this.checksum - hashOf(timestamp, first, second)) | 0;
  }

  /** One event that is only looked at. */
  see(key: number, value: number): void {
    this.results += 1;
    this.checksum = (this.checksum + key + value) | 0;
  }

  clear(): void {
    this.results = 0;
    this.checksum = 0;
    this.late = 0;
  }

  taken(): Results {
    return { results: this.results, checksum: this.checksum, late: this.late };
  }
}

function hashOf(timestamp: number, first: number, second: number): number {
  let hash = Math.imul((timestamp - EPOCH_MS) | 0, 0x9e3779b1) ^ Math.imul(first, 0x85ebca77) ^ Math.imul(second, 0xc2b2ae3d);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x27d4eb2f);
  return hash ^ (hash >>> 13);
}

/** Where the jobs of this process put their results. */
export const TALLY: Tally = new Tally();
