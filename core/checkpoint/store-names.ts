import { hash128 } from "../lib/hash.ts";

/** So that names come in the order of their numbers. */
const DIGITS = 12;
const READABLE_MAX = 60;
const HASH_DIGITS = 8;

/** What all of a job's names begin with. Two jobs of different names have different ones. */
export function jobFolder(jobName: string): string {
  const readable = jobName.replaceAll(/[^A-Za-z0-9_-]+/g, "-").slice(0, READABLE_MAX);
  return readable === jobName && readable !== "" ? readable : `${readable}-${hash128(new TextEncoder().encode(jobName)).slice(0, HASH_DIGITS)}`;
}

export function recordsPrefix(folder: string): string {
  return `${folder}/records/`;
}

export function recordName(folder: string, sequence: number): string {
  return recordsPrefix(folder) + String(sequence).padStart(DIGITS, "0");
}

/** The number in the name of a record. */
export function sequenceOf(recordName: string): number {
  return Number(recordName.slice(-DIGITS));
}

export function partsPrefix(folder: string): string {
  return `${folder}/parts/`;
}

/** What the names of the parts of a checkpoint begin with: the epoch keeps leaders apart that do not know of each other. */
export function partPrefix(epoch: number, checkpointId: number): string {
  return `e${epoch}/c${checkpointId}/`;
}

/** Of the name of a part. */
export function originOf(part: string): { readonly epoch: number; readonly checkpointId: number } {
  const [epoch, checkpoint] = part.split("/", 2);
  return { epoch: Number(epoch?.slice(1)), checkpointId: Number(checkpoint?.slice(1)) };
}
