import type { Storage } from "../host/storage.ts";
import { assert } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";
import type { PartInfo } from "./manifest.ts";
import type { StoredCheckpoint } from "./part-loader.ts";
import { decodeRecord, encodeRecord, type EndStatus, isCheckpoint, type StoredRecord } from "./record.ts";
import { originOf, partsPrefix, recordName, recordsPrefix, sequenceOf } from "./store-names.ts";

/** Each try is lost to another leader that began at the same time. */
const LEAD_TRIES_MAX = 20;

/** A checkpoint that is there. */
interface Kept extends StoredCheckpoint {
  readonly sequence: number;
}

/** A record that was read. */
interface ReadRecord {
  readonly sequence: number;
  /** The error where it cannot be read. */
  readonly record: StoredRecord | JobError;
}

/** What a new leader finds. */
export interface Lead {
  /** Greater than that of every leader before. */
  readonly epoch: number;
  /** The newest first. */
  readonly checkpoints: readonly StoredCheckpoint[];
  /** Records that cannot be read, and why. */
  readonly damaged: readonly JobError[];
  /** Of the job that was there before, where it has ended and none has begun since: how, and who has led it then. */
  readonly ended: { readonly epoch: number; readonly status: EndStatus } | undefined;
}

export interface CheckpointStoreOptions {
  readonly storage: Storage;
  /** See `jobFolder`. */
  readonly folder: string;
  readonly jobName: string;
  /** A name that no other store has, of this process or another. */
  readonly writer: string;
  /** How many completed checkpoints are kept. */
  readonly retainedMax: number;
  /** How many may be under way at a time. */
  readonly laggingMax: number;
}

/**
 * The checkpoints of one job in a storage: `FOLDER/records/NUMBER`, and the parts that they point into.
 *
 * Records are numbered one after the other, and each is put if absent, so of several leaders only one writes the next. A new leader begins with a record of its own, whose number is its
 * epoch; an older one, which does not know of it, loses its next put. Since old records are removed, a put that succeeds is confirmed by looking for later ones: a leader that slept for
 * long could else fill a gap. What is in doubt (a put that failed) stays so until the next put of the same number tells.
 */
export class CheckpointStore {
  readonly #options: CheckpointStoreOptions;
  #epoch = 0;
  /** The highest record known. */
  #sequence = 0;
  /** Checkpoints that are kept, oldest first. */
  #retained: Kept[] = [];
  /**
   * Those that were kept last before those: a subtask that has not been told yet of the newest checkpoints goes on from an older one, so its parts stay until as many are complete as may be under way
   * at a time.
   */
  #lagging: Kept[] = [];
  /** Records that are to be removed with the next collection. */
  #obsolete: string[] = [];
  /** Parts written for checkpoints that were given up or replaced. */
  readonly #dropped = new Set<string>();
  /** Checkpoints whose put of the next number has failed, and may have happened all the same: of one of them at most. */
  #inDoubt: StoredCheckpoint[] = [];
  /** Calls that wait for the one at hand. */
  readonly #calls = new RingBuffer<() => void>();
  #isBusy = false;

  constructor(options: CheckpointStoreOptions) {
    this.#options = options;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Highest id of a checkpoint that is known. */
  get lastCheckpointId(): number {
    return Math.max(0, this.#retained.at(-1)?.manifest.checkpointId ?? 0, ...this.#inDoubt.map(({ manifest }) => manifest.checkpointId));
  }

  /** Becomes the leader. Where it has been, only if nobody else has since: else LEADERSHIP_LOST. One of the two is called, once. */
  lead(onLed: (lead: Lead) => void, onFailure: (error: JobError) => void): void {
    this.#inTurn((done, failed) => this.#lead(LEAD_TRIES_MAX, done, failed), onLed, onFailure);
  }

  /** Makes a checkpoint the latest; its parts are stored. `onFailure` leaves open whether it became that, unless it is LEADERSHIP_LOST: then it did not. */
  commit(checkpoint: StoredCheckpoint, onDone: () => void, onFailure: (error: JobError) => void): void {
    assert(0 < this.#epoch, "only a leader commits");
    this.#inTurn((done, failed) => this.#commit(checkpoint, () => done(undefined), failed), onDone, onFailure);
  }

  /** A part that later checkpoints may point to; its bytes where a record holds them. */
  part(name: string): { readonly info: PartInfo; readonly blob: Uint8Array | undefined } | undefined {
    for (const { manifest, blobs } of this.#kept()) {
      const info = manifest.parts[name];
      if (info !== undefined) return { info, blob: blobs.get(name) };
    }
    return undefined;
  }

  /** Parts that nothing will point to: those of a checkpoint that was given up. */
  drop(parts: Iterable<string>): void {
    for (const part of parts) this.#dropped.add(part);
  }

  /** Removes what no checkpoint needs that is kept. What fails is tried again the next time. */
  collect(onDone: () => void, onFailure: (error: JobError) => void): void {
    this.#inTurn((done, failed) => this.#collect(() => done(undefined), failed), onDone, onFailure);
  }

  /** Removes all but the checkpoints that are kept: nothing of the job runs any more. */
  settle(onDone: () => void, onFailure: (error: JobError) => void): void {
    this.#inTurn((done, failed) => this.#settle(() => done(undefined), failed), onDone, onFailure);
  }

  /** Removes parts that no checkpoint points to, but for those of this leader's checkpoints from `fromCheckpoint` on, and those of later leaders. */
  sweep(fromCheckpoint: number, onDone: () => void, onFailure: (error: JobError) => void): void {
    this.#inTurn((done, failed) => this.#sweep(fromCheckpoint, () => done(undefined), failed), onDone, onFailure);
  }

  /**
   * Removes all checkpoints of the job, and their parts: first the older records, then the newest, then what they point to, so that at no moment there is one without its parts. What stays
   * is one small record of how the job has ended, so that a leader that slept through all of this, or follows one that told nobody, finds out.
   */
  discard(status: EndStatus, onDone: () => void, onFailure: (error: JobError) => void): void {
    this.#inTurn((done, failed) => this.#discard(status, () => done(undefined), failed), onDone, onFailure);
  }

  /** One call after the other: what a call that failed has left in doubt is known before the next. */
  #inTurn<T>(call: (onDone: (value: T) => void, onFailure: (error: JobError) => void) => void, onDone: (value: T) => void, onFailure: (error: JobError) => void): void {
    const ended = (then: () => void): void => {
      this.#isBusy = false;
      then();
      if (!this.#isBusy) this.#calls.shift()?.();
    };
    const begin = (): void => {
      this.#isBusy = true;
      call(
        (value) => ended(() => onDone(value)),
        (error) => ended(() => onFailure(error)),
      );
    };
    if (this.#isBusy) this.#calls.push(begin);
    else begin();
  }

  #commit(checkpoint: StoredCheckpoint, onDone: () => void, onFailure: (error: JobError) => void): void {
    const name = recordName(this.#options.folder, this.#sequence + 1);
    const bytes = encodeRecord({ kind: "checkpoint", epoch: this.#epoch, ...checkpoint });
    this.#options.storage.putIfAbsent(
      name,
      bytes,
      (isWritten) => {
        if (isWritten) this.#confirm(checkpoint, onDone, onFailure);
        else this.#learnOf(name, () => this.#commit(checkpoint, onDone, onFailure), onFailure);
      },
      (error) => {
        this.#inDoubt.push(checkpoint);
        onFailure(error);
      },
    );
  }


  #collect(onDone: () => void, onFailure: (error: JobError) => void): void {
    const { folder, retainedMax, laggingMax, storage } = this.#options;
    for (const kept of this.#retained.splice(0, Math.max(0, this.#retained.length - retainedMax))) {
      this.#obsolete.push(recordName(folder, kept.sequence));
      this.#lagging.push(kept);
    }
    for (const { manifest } of this.#lagging.splice(0, Math.max(0, this.#lagging.length - laggingMax))) this.drop(Object.keys(manifest.parts));
    const needed = this.#neededParts();
    for (const part of this.#dropped) if (needed.has(part)) this.#dropped.delete(part);
    const obsolete = this.#obsolete;
    const names = [...obsolete, ...[...this.#dropped].map((part) => partsPrefix(folder) + part)];
    if (names.length === 0) return onDone();
    // What a record points to that is still there is needed: the parts of those here go one collection later.
    storage.remove(
      names,
      () => {
        this.#obsolete = this.#obsolete.filter((name) => !obsolete.includes(name));
        for (const name of names) this.#dropped.delete(name.slice(partsPrefix(folder).length));
        onDone();
      },
      onFailure,
    );
  }

  #sweep(fromCheckpoint: number, onDone: () => void, onFailure: (error: JobError) => void): void {
    const { folder, storage } = this.#options;
    const prefix = partsPrefix(folder);
    storage.list(
      prefix,
      "",
      (names) => {
        const needed = this.#neededParts();
        const parts = names.map((name) => name.slice(prefix.length));
        const orphans = parts.filter((part) => !needed.has(part) && !this.#isUnderWay(part, fromCheckpoint)).map((part) => prefix + part);
        if (orphans.length === 0) onDone();
        else storage.remove(orphans, onDone, onFailure);
      },
      onFailure,
    );
  }

  #settle(onDone: () => void, onFailure: (error: JobError) => void): void {
    const swept = (): void => {
      this.#lagging = [];
      this.#sweep(Infinity, onDone, onFailure);
    };
    this.#collect(swept, onFailure);
  }

  #discard(status: EndStatus, onDone: () => void, onFailure: (error: JobError) => void): void {
    const { folder, storage } = this.#options;
    const end = recordName(folder, this.#sequence + 1);
    const bytes = encodeRecord({ kind: "end", epoch: this.#epoch, status });
    const removeRecords = (): void =>
      storage.list(
        recordsPrefix(folder),
        "",
        (names) => {
          const last = names.at(-1);
          if (last !== end && last !== undefined && end < last) return onFailure(this.#takenOver(sequenceOf(last)));
          const newest = recordName(folder, this.#retained.at(-1)?.sequence ?? 0);
          const older = names.filter((name) => name < newest);
          const others = names.filter((name) => newest <= name && name !== end);
          storage.remove(older, () => storage.remove(others, removeParts, onFailure), onFailure);
        },
        onFailure,
      );
    const removeParts = (): void => {
      this.#retained = [];
      this.#lagging = [];
      this.#inDoubt = [];
      this.#sweep(Infinity, onDone, onFailure);
    };
    storage.putIfAbsent(
      end,
      bytes,
      (isWritten) => {
        if (isWritten) removeRecords();
        else this.#learnOf(end, (record) => (record.kind === "end" ? removeRecords() : this.#discard(status, onDone, onFailure)), onFailure);
      },
      onFailure,
    );
  }

  #lead(triesLeft: number, onLed: (lead: Lead) => void, onFailure: (error: JobError) => void): void {
    const { folder, storage, writer } = this.#options;
    this.#readRecords((records) => {
      const highest = records.at(-1)?.sequence ?? 0;
      if (this.#epoch !== 0 && this.#isTakenOver(records)) return onFailure(this.#takenOver(highest));
      const epoch = highest + 1;
      const bytes = encodeRecord({ kind: "leader", epoch, writer });
      const again = (): void => {
        if (0 < triesLeft) this.#lead(triesLeft - 1, onLed, onFailure);
        else onFailure(this.#takenOver(epoch));
      };
      // Who slept since it has read may fill the gap of a record that was removed: an epoch that others have had, and a checkpoint of long ago.
      const confirm = (): void =>
        storage.list(recordsPrefix(folder), recordName(folder, epoch), (later) => (later.length === 0 ? onLed(this.#began(epoch, records)) : again()), onFailure);
      storage.putIfAbsent(recordName(folder, epoch), bytes, (isWritten) => (isWritten ? confirm() : again()), onFailure);
    }, onFailure);
  }

  #began(epoch: number, records: readonly ReadRecord[]): Lead {
    const checkpoints: Kept[] = [];
    const damaged: JobError[] = [];
    const end = records.findLastIndex(({ record }) => isEnd(record));
    const ended = records[end]?.record;
    for (const { sequence, record } of records.slice(end + 1)) {
      if (record instanceof JobError) damaged.push(record);
      else if (isCheckpoint(record)) checkpoints.push({ sequence, manifest: record.manifest, blobs: record.blobs });
    }
    this.#epoch = epoch;
    this.#sequence = epoch;
    this.#inDoubt = [];
    this.#dropped.clear();
    this.#retained = checkpoints;
    this.#lagging = [];
    const kept = new Set(checkpoints.map(({ sequence }) => sequence));
    this.#obsolete = records.filter(({ sequence }) => !kept.has(sequence)).map(({ sequence }) => recordName(this.#options.folder, sequence));
    return { epoch, checkpoints: [...checkpoints].reverse(), damaged: damaged.reverse(), ended: isEnd(ended) && checkpoints.length === 0 ? ended : undefined };
  }

  /** Ascending. */
  #readRecords(onRead: (records: readonly ReadRecord[]) => void, onFailure: (error: JobError) => void): void {
    const { folder, storage } = this.#options;
    storage.list(
      recordsPrefix(folder),
      "",
      (names) => {
        const records: ReadRecord[] = [];
        const readFrom = (index: number): void => {
          const name = names[index];
          if (name === undefined) return onRead(records);
          storage.get(
            name,
            (bytes) => {
              // One that another leader has removed meanwhile is not missed.
              if (bytes !== undefined) records.push({ sequence: sequenceOf(name), record: read(name, bytes) });
              readFrom(index + 1);
            },
            onFailure,
          );
        };
        readFrom(0);
      },
      onFailure,
    );
  }

  /** Whether a record is of somebody else that came after this leader. */
  #isTakenOver(records: readonly ReadRecord[]): boolean {
    return records.some(({ sequence, record }) => this.#epoch < sequence && !(record instanceof JobError) && !this.#isOwn(record));
  }

  /** Its own first record may have happened though its put has failed: then this leader has begun once more, without knowing it. */
  #isOwn(record: StoredRecord): boolean {
    return record.epoch === this.#epoch || (record.kind === "leader" && record.writer === this.#options.writer);
  }

  #confirm(checkpoint: StoredCheckpoint, onDone: () => void, onFailure: (error: JobError) => void): void {
    const { folder, storage } = this.#options;
    storage.list(
      recordsPrefix(folder),
      recordName(folder, this.#sequence + 1),
      (later) => {
        const last = later.at(-1);
        if (last !== undefined) return onFailure(this.#takenOver(sequenceOf(last)));
        this.#completed(checkpoint);
        onDone();
      },
      (error) => {
        this.#inDoubt.push(checkpoint);
        onFailure(error);
      },
    );
  }

  /** The number is taken: by what was in doubt, a checkpoint or that the job has ended, or by another leader. */
  #learnOf(name: string, onOwn: (record: StoredRecord) => void, onFailure: (error: JobError) => void): void {
    this.#options.storage.get(
      name,
      (bytes) => {
        const record = bytes === undefined ? undefined : read(name, bytes);
        const isOwn = record !== undefined && !(record instanceof JobError) && record.kind !== "leader" && record.epoch === this.#epoch;
        if (!isOwn) return onFailure(this.#takenOver(sequenceOf(name)));
        if (isCheckpoint(record)) {
          const inDoubt = this.#inDoubt.find(({ manifest }) => manifest.checkpointId === record.manifest.checkpointId);
          if (inDoubt === undefined) return onFailure(this.#takenOver(sequenceOf(name)));
          this.#completed(inDoubt);
        }
        onOwn(record);
      },
      onFailure,
    );
  }

  #completed(checkpoint: StoredCheckpoint): void {
    this.#sequence += 1;
    // Their number has gone to this one, so they never were.
    for (const inDoubt of this.#inDoubt) if (inDoubt !== checkpoint) this.drop(Object.keys(inDoubt.manifest.parts));
    this.#inDoubt = [];
    this.#retained.push({ sequence: this.#sequence, ...checkpoint });
    // Whoever leads writes beyond its own first record from now on.
    const own = recordName(this.#options.folder, this.#epoch);
    if (this.#sequence === this.#epoch + 1) this.#obsolete.push(own);
  }

  #neededParts(): Set<string> {
    return new Set(this.#kept().flatMap(({ manifest }) => Object.keys(manifest.parts)));
  }

  #kept(): readonly StoredCheckpoint[] {
    return [...this.#retained, ...this.#lagging, ...this.#inDoubt];
  }

  /** Of this leader, or of one that it does not know of, which needs all of its own. */
  #isUnderWay(part: string, fromCheckpoint: number): boolean {
    const { epoch, checkpointId } = originOf(part);
    return this.#epoch < epoch || (epoch === this.#epoch && fromCheckpoint <= checkpointId);
  }

  #takenOver(sequence: number): JobError {
    const { jobName } = this.#options;
    return new JobError(
      "LEADERSHIP_LOST",
      `the job "${jobName}" was taken over: record ${sequence} of its checkpoints is of a later leader. Whoever started it last goes on with it; run a second job of this kind under another name or in another storage`,
    );
  }
}

function isEnd(record: StoredRecord | JobError | undefined): record is StoredRecord & { readonly kind: "end" } {
  return record !== undefined && !(record instanceof JobError) && record.kind === "end";
}

function read(name: string, bytes: Uint8Array): StoredRecord | JobError {
  try {
    return decodeRecord(bytes);
  } catch (cause) {
    const reason = cause instanceof JobError ? cause.reason : String(cause);
    return new JobError("CORRUPT_DATA", `the record ${name} is damaged: ${reason}`, { cause });
  }
}
