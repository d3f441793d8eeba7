import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt, JobError } from "../lib/errors.ts";
import { hash128 } from "../lib/hash.ts";
import type { KeyGroupHandle, SegmentRef } from "../state/snapshot.ts";
import type { Manifest, OperatorHandle, OperatorManifest } from "./manifest.ts";

/**
 * The stored form of a record, and of a savepoint in one file: the mark, the version, the length of a JSON text and the text, the number of blobs and each with its name, and last
 * the hash of all before it. The JSON is the manifest, but for what points into parts: there a part is its index in the list of parts, and a stretch of it three numbers.
 */
const MARK = "TAMIAS";
const RECORD_VERSION = 1;
const HASH_BYTES = 32;

/** How a job has ended. */
export type EndStatus = "FINISHED" | "CANCELED" | "FAILED";

/** What a record says: that a leader has begun, that the job has ended and nothing before counts any more, a complete checkpoint, or a savepoint. */
export type StoredRecord =
  | { readonly kind: "leader"; readonly epoch: number; /** Tells leaders apart whose puts of one number are both in doubt. */ readonly writer: string }
  | { readonly kind: "end"; readonly epoch: number; readonly status: EndStatus }
  | {
      readonly kind: "checkpoint" | "savepoint";
      /** Of the leader that wrote it. */
      readonly epoch: number;
      readonly manifest: Manifest;
      /** Parts that lie in the record itself, by name: the small ones of a checkpoint, all of a savepoint. */
      readonly blobs: ReadonlyMap<string, Uint8Array>;
    };

type Stretches = readonly (readonly [part: number, offset: number, length: number])[];

export function encodeRecord(record: StoredRecord): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.raw(new TextEncoder().encode(MARK));
  writer.u8(RECORD_VERSION);
  const head = isCheckpoint(record) ? { kind: record.kind, epoch: record.epoch, manifest: manifestToJson(record.manifest) } : record;
  writer.bytes(new TextEncoder().encode(JSON.stringify(head)));
  const blobs = isCheckpoint(record) ? record.blobs : new Map<string, Uint8Array>();
  writer.varint(blobs.size);
  for (const [name, bytes] of blobs) {
    writer.string(name);
    writer.bytes(bytes);
  }
  writer.raw(new TextEncoder().encode(hash128(writer.view())));
  return writer.finish();
}

/** @throws JobError CORRUPT_DATA */
export function decodeRecord(bytes: Uint8Array): StoredRecord {
  const text = (from: number, to: number): string => new TextDecoder().decode(bytes.subarray(from, to));
  if (text(0, MARK.length) !== MARK) throw corrupt("it is no record of a checkpoint or savepoint: it does not begin with its mark");
  const version = bytes[MARK.length];
  if (version !== RECORD_VERSION) {
    throw new JobError("CORRUPT_DATA", `the checkpoint or savepoint has version ${version}, and this release reads ${RECORD_VERSION}: it was written by a newer Tamias, or is damaged`);
  }
  const end = bytes.length - HASH_BYTES;
  if (end < 0 || text(end, bytes.length) !== hash128(bytes.subarray(0, end))) throw corrupt("the record of a checkpoint or savepoint does not have the hash that was written with it");
  const reader = new ByteReader(bytes, MARK.length + 1, end);
  const head = JSON.parse(new TextDecoder().decode(reader.bytes())) as { kind: StoredRecord["kind"]; epoch: number; writer: string; status: EndStatus; manifest: JsonManifest };
  if (head.kind === "leader") return { kind: head.kind, epoch: head.epoch, writer: head.writer };
  if (head.kind === "end") return { kind: head.kind, epoch: head.epoch, status: head.status };
  const blobs = new Map<string, Uint8Array>();
  for (let left = reader.varint(); 0 < left; left -= 1) blobs.set(reader.string(), reader.bytes());
  return { kind: head.kind, epoch: head.epoch, manifest: manifestFromJson(head.manifest), blobs };
}

/** Whether it holds state. */
export function isCheckpoint(record: StoredRecord): record is Exclude<StoredRecord, { readonly kind: "leader" | "end" }> {
  return record.kind === "checkpoint" || record.kind === "savepoint";
}

interface JsonManifest extends Omit<Manifest, "operators" | "parts"> {
  readonly parts: readonly (readonly [name: string, bytes: number, hash: string])[];
  readonly operators: { readonly [uid: string]: Omit<OperatorManifest, "subtasks"> & { readonly subtasks: readonly JsonHandle[] } };
}

interface JsonHandle {
  readonly keyed: Omit<OperatorHandle["keyed"], "groups"> & { readonly groups: readonly (readonly [group: number, base: Stretches, ...deltas: Stretches[]])[] };
  readonly operatorPart: string;
  readonly hasState: boolean;
}

function manifestToJson(manifest: Manifest): JsonManifest {
  const names = Object.keys(manifest.parts);
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const stretches = (segment: SegmentRef): Stretches => segment.map(({ part, offset, length }) => [indexOf.get(part)!, offset, length]);
  const toJson = ({ keyed, operatorPart, hasState }: OperatorHandle): JsonHandle => ({
    keyed: { ...keyed, groups: keyed.groups.map(({ group, base, deltas }) => [group, stretches(base), ...deltas.map(stretches)]) },
    operatorPart,
    hasState,
  });
  return {
    ...manifest,
    parts: names.map((name) => [name, manifest.parts[name]!.bytes, manifest.parts[name]!.hash]),
    operators: mapped(manifest.operators, (operator) => ({ ...operator, subtasks: operator.subtasks.map(toJson) })),
  };
}

function manifestFromJson(json: JsonManifest): Manifest {
  const segment = (stretches: Stretches): SegmentRef => stretches.map(([part, offset, length]) => ({ part: json.parts[part]![0], offset, length }));
  const fromJson = ({ keyed, operatorPart, hasState }: JsonHandle): OperatorHandle => ({
    keyed: {
      ...keyed,
      groups: keyed.groups.map(([group, base, ...deltas]): KeyGroupHandle => ({ group, base: segment(base), deltas: deltas.map(segment) })),
    },
    operatorPart,
    hasState,
  });
  return {
    ...json,
    parts: Object.fromEntries(json.parts.map(([name, bytes, hash]) => [name, { bytes, hash }])),
    operators: mapped(json.operators, (operator) => ({ ...operator, subtasks: operator.subtasks.map(fromJson) })),
  };
}

function mapped<A, B>(values: { readonly [name: string]: A }, map: (value: A) => B): { [name: string]: B } {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
}
