import { assert } from "../lib/assert.ts";
import { ByteReader } from "../lib/bytes.ts";
import { JobError } from "../lib/errors.ts";
import type { KeyId } from "../data/key.ts";
import { type AddressSet, ChangeLog, union } from "./change-log.ts";
import { groupsToFold } from "./fold-choice.ts";
import { FoldQueue, type GroupToFold } from "./fold-queue.ts";
import { keyGroupOf, type KeyGroupRange } from "./key-groups.ts";
import type { EntryBlock, FrozenEntries, KeyedComponent, Namespace } from "./keyed-state.ts";
import type { KeyedStoreOptions, SwitchedTracker } from "./keyed-store.ts";
import { type EntrySource, readSections, replaySection, type Section, SegmentWriter } from "./segment.ts";
import {
  type KeyedSnapshot,
  type KeyedStateHandle,
  type KeyGroupHandle,
  openSegment,
  type PartName,
  PartPacker,
  partSizes,
  segmentBytes,
  type TakenSnapshot,
} from "./snapshot.ts";

/** A snapshot that later ones can be deltas of. */
interface Completed {
  readonly checkpointId: number;
  readonly handle: KeyedStateHandle;
  /** Bytes that were folded beyond the budget; later budgets pay for them. */
  readonly foldDebt: number;
}

/** A component as it is written: itself, or what it was when the snapshot was taken. */
interface Source {
  readonly entries: EntrySource;
  readonly component: KeyedComponent;
  readonly frozen: FrozenEntries | undefined;
  /** By interval; none where there is no completed checkpoint. */
  readonly changes: readonly AddressSet[];
}

interface Changed {
  readonly groups: KeyGroupHandle[];
  readonly foldDebt: number;
  readonly deltaBytes: number;
}

interface Registered {
  readonly component: KeyedComponent;
  readonly log: ChangeLog;
}

/** A look at all addresses finds what so many checkpoints fold. */
const CHECKPOINTS_PREPARED = 8;
const ADDRESSES_PER_STEP = 1_024;
/** Memory for so much more than a segment had before spares copying it. */
const ROOM_TO_GROW = 1.25;

/** Older than every checkpoint: what was restored. */
const RESTORED = -1;

/**
 * The snapshots of the keyed state of one operator subtask, of all its components (tables, timers, panes). After a restore a component gets what was stored under
 * its name as soon as it is registered. What no component asks for is kept and goes into every later snapshot.
 */
export class KeyedSnapshots {
  readonly #maxParallelism: number;
  readonly #keyGroups: KeyGroupRange;
  readonly #partName: PartName;
  readonly #components: Registered[] = [];
  /**
   * What was restored and not asked for yet, by the component's name; the sections of a key group in the order to
   * replay them.
   */
  readonly #unclaimed = new Map<string, { readonly group: number; readonly section: Section }[]>();
  readonly #reader = new ByteReader(new Uint8Array(0));

  #completed: Completed | undefined;
  /** Snapshots whose checkpoint is still running, oldest first. */
  readonly #running = new Map<number, Completed>();
  #lastCheckpointId = RESTORED;
  #foldQueue: FoldQueue | undefined;
  /** The last snapshot, which may not be written yet. */
  #taken: TakenSnapshot | undefined;

  constructor({ maxParallelism, keyGroups, partName }: KeyedStoreOptions) {
    this.#maxParallelism = maxParallelism;
    this.#keyGroups = keyGroups;
    this.#partName = partName;
  }

  /** Gives the component what was restored under its name, and its tracker to whom changes are from now on of interest. */
  register(component: KeyedComponent, tracker: SwitchedTracker): void {
    this.#finishTaken();
    this.#replay(component);
    const log = new ChangeLog(tracker);
    if (this.#completed !== undefined) log.begin(this.#completed.checkpointId);
    for (const checkpointId of this.#running.keys()) log.begin(checkpointId);
    this.#components.push({ component, log });
  }

  /**
   * Takes the state as it is, which is quick where all components can be frozen, and returns what writes it while the state goes on changing: what changed since
   * the last completed checkpoint, everything where there is none. What is asked of the store that needs it written lets it be written to the end first. One call
   * per checkpoint, ids ascending.
   */
  take(checkpointId: number): TakenSnapshot {
    this.#finishTaken();
    assert(this.#lastCheckpointId < checkpointId, "checkpoints come in ascending order");
    this.#lastCheckpointId = checkpointId;
    const sources = this.#freezeComponents();
    const taken = new Writing(this.#writing(checkpointId, sources, this.#completed));
    // What is not frozen changes as soon as this returns.
    if (sources.some(({ frozen }) => frozen === undefined)) taken.capture();
    for (const { log } of this.#components) log.begin(checkpointId);
    this.#taken = taken;
    return taken;
  }

  /** Writes everything, and leaves checkpoints as they are. */
  savepoint(savepointId: number): KeyedSnapshot {
    this.#finishTaken();
    this.#prepareComponents();
    const packer = new PartPacker((index) => this.#partName(savepointId, index));
    const sources = this.#components.map(({ component }) => ({ entries: component, component, frozen: undefined, changes: [] }));
    return this.#snapshotOf(toEnd(this.#writeBases(packer, sources)), packer, {});
  }

  /** The checkpoint is durable: deltas go on from it. A later one that has completed already makes this one meaningless. */
  completed(checkpointId: number): void {
    this.#finishTaken();
    const snapshot = this.#running.get(checkpointId);
    if (snapshot === undefined) return;
    this.#completed = snapshot;
    for (const { log } of this.#components) log.completed(checkpointId);
    for (const runningId of this.#running.keys()) {
      if (runningId <= checkpointId) this.#running.delete(runningId);
    }
  }

  /** The checkpoint failed: nothing will go on from it. */
  aborted(checkpointId: number): void {
    this.#finishTaken();
    if (!this.#running.delete(checkpointId)) return;
    for (const { log } of this.#components) log.aborted(checkpointId);
  }

  /**
   * Takes the key groups of this subtask out of the handles, before anything is put. Components may register before or after.
   * @throws JobError RESTORE_MISMATCH for another maximum of parallelism; CORRUPT_DATA
   */
  restore(handles: readonly KeyedStateHandle[], read: (part: string) => Uint8Array): void {
    const isFresh = this.#lastCheckpointId === RESTORED && this.#completed === undefined;
    assert(isFresh, "a store is restored once, before its first snapshot");
    for (const handle of handles) {
      if (0 < handle.groups.length && handle.maxParallelism !== this.#maxParallelism) throw parallelismMismatch(handle.maxParallelism, this.#maxParallelism);
      for (const group of handle.groups) {
        if (this.#owns(group.group)) this.#restoreGroup(group, read);
      }
    }
    // Where a subtask had the same key groups, all of them come from its handle, and deltas go on from there.
    const own = handles.find((handle) => this.#isOwnRange(handle.keyGroups));
    if (own !== undefined) this.#completed = { checkpointId: RESTORED, handle: own, foldDebt: 0 };
    for (const { component, log } of this.#components) {
      this.#replay(component);
      if (this.#completed !== undefined) log.begin(RESTORED);
    }
  }

  /** Gives the component what was restored under its name. */
  #replay(component: KeyedComponent): void {
    for (const { section } of this.#unclaimed.get(component.name) ?? []) {
      if (section.format !== component.format) throw formatMismatch(component, section.format);
      replaySection(this.#reader, section, component);
    }
    this.#unclaimed.delete(component.name);
  }

  #restoreGroup({ group, base, deltas }: KeyGroupHandle, read: (part: string) => Uint8Array): void {
    for (const segment of [base, ...deltas]) {
      const bytes = openSegment(this.#reader, segment, read);
      for (const section of readSections(this.#reader, bytes)) {
        const sections = this.#unclaimed.get(section.name) ?? [];
        this.#unclaimed.set(section.name, sections);
        sections.push({ group, section });
      }
    }
  }

  #finishTaken(): void {
    this.#taken?.finish();
    this.#taken = undefined;
  }

  #prepareComponents(): void {
    for (const { component } of this.#components) component.prepareSnapshot?.();
  }

  #freezeComponents(): readonly Source[] {
    return this.#components.map(({ component, log }) => {
      const frozen = component.isEmpty === true ? emptied(component) : component.freeze?.();
      if (frozen === undefined) component.prepareSnapshot?.();
      return { entries: frozen ?? component, component, frozen, changes: log.sinceCompleted() };
    });
  }

  *#writing(checkpointId: number, sources: readonly Source[], completed: Completed | undefined): Steps<KeyedSnapshot> {
    const packer = new PartPacker((index) => this.#partName(checkpointId, index));
    const { groups, foldDebt, deltaBytes } =
      completed === undefined ? { groups: yield* this.#writeBases(packer, sources), foldDebt: 0, deltaBytes: 0 } : yield* this.#writeChanges(packer, completed, sources);
    const snapshot = this.#snapshotOf(groups, packer, completed?.handle.parts ?? {});
    this.#running.set(checkpointId, { checkpointId, handle: snapshot.handle, foldDebt });
    for (const { frozen } of sources) frozen?.release?.();
    yield CAPTURED;
    if (0 < deltaBytes) yield* this.#prepareFolds(snapshot.handle, deltaBytes, sources);
    return snapshot;
  }

  *#writeBases(packer: PartPacker, sources: readonly Source[]): Steps<KeyGroupHandle[]> {
    const groups: KeyGroupHandle[] = [];
    const segments = yield* this.#fullSegments(sources);
    segments.forEach((bytes, group) => groups.push({ group, base: packer.add(bytes), deltas: [] }));
    for (const source of sources) yield* reportChanges(source);
    return groups;
  }

  /** Appends a delta to every group that changed, or makes a new base of it: see `groupsToFold`. */
  *#writeChanges(packer: PartPacker, { handle: before, foldDebt }: Completed, sources: readonly Source[]): Steps<Changed> {
    const handles = new Map(before.groups.map((handle) => [handle.group, handle]));
    const deltas = new Map<number, Uint8Array>();
    (yield* this.#changedSegments(sources, handles)).forEach((bytes, group) => deltas.set(group, bytes));
    let deltaBytes = 0;
    for (const { length } of deltas.values()) deltaBytes += length;
    const folded = this.#groupsToFold(before, deltas, deltaBytes - foldDebt, sources);
    for (const [group, bytes] of deltas) {
      const handle = handles.get(group);
      if (handle === undefined) handles.set(group, { group, base: packer.add(bytes), deltas: [] });
      else if (!folded.has(group)) handles.set(group, { ...handle, deltas: [...handle.deltas, packer.add(bytes)] });
    }

    let foldedBytes = 0;
    if (0 < folded.size) {
      for (const group of folded.keys()) handles.delete(group);
      const bases = yield* this.#fullSegments(sources, folded);
      bases.forEach((bytes, group) => {
        foldedBytes += bytes.length;
        handles.set(group, { group, base: packer.add(bytes), deltas: [] });
      });
    }
    return { groups: [...handles.values()], foldDebt: Math.max(0, foldDebt + foldedBytes - deltaBytes), deltaBytes };
  }

  /** What is frozen can be looked at whenever there is time; of what is not, the groups and their addresses were looked for before. */
  #groupsToFold(before: KeyedStateHandle, deltas: ReadonlyMap<number, Uint8Array>, budget: number, sources: readonly Source[]): ReadonlyMap<number, GroupToFold> {
    if (sources.some(({ frozen }) => frozen === undefined)) return this.#foldQueue?.take(budget) ?? new Map();
    const groups = groupsToFold(before, (group) => deltas.get(group)?.length ?? 0, budget);
    return new Map(groups.map(({ group, cost }) => [group, { bytes: cost, addresses: new Map() }]));
  }

  /** Looks for the groups that the next checkpoints fold, where none are left, and for the addresses that lie in them. */
  *#prepareFolds(handle: KeyedStateHandle, deltaBytes: number, sources: readonly Source[]): Steps<void> {
    const unfrozen = sources.filter(({ frozen }) => frozen === undefined).map(({ component }) => component);
    if (this.#foldQueue?.isEmpty === false || unfrozen.length === 0) return;
    this.#foldQueue = undefined;
    const groups = groupsToFold(handle, () => 0, CHECKPOINTS_PREPARED * deltaBytes);
    if (groups.length === 0) return;
    const queue = new FoldQueue(groups, new Set(unfrozen));
    for (const component of unfrozen) yield* eachAddress(component, (key, namespace) => queue.add(this.#groupOf(key), component, key, namespace));
    this.#foldQueue = queue;
  }

  /** All entries: of those groups where some are given. */
  *#fullSegments(sources: readonly Source[], groups?: ReadonlyMap<number, GroupToFold>): Steps<Segments> {
    const segments = new Segments(this.#keyGroups.first, (group) => groups?.get(group)?.bytes ?? 0);
    for (const { entries, component, frozen } of sources) {
      const write = (key: KeyId, namespace: Namespace): void => {
        const group = this.#groupOf(key);
        if (groups === undefined || groups.has(group)) segments.of(group, false).entry(entries, key, namespace);
      };
      if (frozen !== undefined) yield* eachBlock(frozen.blocks(), write);
      else if (groups === undefined || this.#foldQueue?.known.has(component) !== true) component.forEachAddress(write);
      else for (const { addresses } of groups.values()) addresses.get(component)!.forEach(write);
    }
    for (const sections of this.#unclaimed.values()) {
      for (const { group, section } of sections) {
        if (groups === undefined || groups.has(group)) segments.of(group, false).section(section);
      }
    }
    return segments;
  }

  *#changedSegments(sources: readonly Source[], handles: ReadonlyMap<number, KeyGroupHandle>): Steps<Segments> {
    const segments = new Segments(this.#keyGroups.first, (group) => segmentBytes(handles.get(group)?.deltas.at(-1) ?? []));
    for (const source of sources) {
      const { entries, component, changes } = source;
      const write = (key: KeyId, namespace: Namespace): void => {
        const group = this.#groupOf(key);
        this.#foldQueue?.add(group, component, key, namespace);
        segments.of(group, handles.has(group)).entry(entries, key, namespace);
      };
      union(changes).forEach(write);
      yield* reportChanges(source, write);
    }
    return segments;
  }

  #snapshotOf(groups: KeyGroupHandle[], packer: PartPacker, sizesBefore: KeyedStateHandle["parts"]): KeyedSnapshot {
    groups.sort((a, b) => a.group - b.group);
    const parts = packer.finish();
    const handle = { keyGroups: { ...this.#keyGroups }, maxParallelism: this.#maxParallelism, groups, parts: partSizes(groups, parts, sizesBefore) };
    return { handle, parts };
  }

  #groupOf(key: KeyId): number {
    const group = keyGroupOf(key, this.#maxParallelism);
    assert(this.#owns(group), "a subtask holds keys of its own key groups only");
    return group;
  }

  #owns(group: number): boolean {
    return this.#keyGroups.first <= group && group <= this.#keyGroups.last;
  }

  #isOwnRange({ first, last }: KeyGroupRange): boolean {
    return this.#keyGroups.first === first && this.#keyGroups.last === last;
  }
}

/** What must not change meanwhile is not needed any more. */
const CAPTURED = Symbol("captured");

/** Work that may pause now and then. */
type Steps<R> = Generator<typeof CAPTURED | undefined, R>;

function toEnd<R>(steps: Steps<R>): R {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** A snapshot that is being written. */
class Writing implements TakenSnapshot {
  #steps: Steps<KeyedSnapshot> | undefined;
  #snapshot: KeyedSnapshot | undefined;

  constructor(steps: Steps<KeyedSnapshot>) {
    this.#steps = steps;
  }

  write(): KeyedSnapshot | undefined {
    let step = this.#steps?.next();
    // There may be nothing behind it.
    if (step?.value === CAPTURED) step = this.#steps?.next();
    if (step?.done === true) this.#end(step.value);
    return this.#snapshot;
  }

  /** Goes on until what is written may change. */
  capture(): void {
    while (this.#steps !== undefined) {
      const step = this.#steps.next();
      if (step.done === true) return this.#end(step.value);
      if (step.value === CAPTURED) return;
    }
  }

  finish(): KeyedSnapshot {
    if (this.#steps !== undefined) this.#end(toEnd(this.#steps));
    assert(this.#snapshot !== undefined, "a snapshot that could not be written is not asked for again");
    return this.#snapshot;
  }

  #end(snapshot: KeyedSnapshot): void {
    this.#snapshot = snapshot;
    this.#steps = undefined;
  }
}

/** Those that there are at the first step, a thousand or so at a time. */
function* eachAddress(component: KeyedComponent, visit: (key: KeyId, namespace: Namespace) => void): Steps<void> {
  const byNamespace = new Map<Namespace, KeyId[]>();
  let last: { readonly namespace: Namespace; readonly keys: KeyId[] } | undefined;
  component.forEachAddress((key, namespace) => {
    if (last?.namespace !== namespace) {
      last = { namespace, keys: byNamespace.get(namespace) ?? [] };
      byNamespace.set(namespace, last.keys);
    }
    last.keys.push(key);
  });
  for (const [namespace, keys] of byNamespace) {
    for (let from = 0; from < keys.length; from += ADDRESSES_PER_STEP) {
      yield;
      const to = Math.min(from + ADDRESSES_PER_STEP, keys.length);
      for (let index = from; index < to; index += 1) visit(keys[index]!, namespace);
    }
  }
}

function* eachBlock(blocks: Iterable<EntryBlock>, visit: (key: KeyId, namespace: Namespace) => void): Steps<void> {
  for (const block of blocks) {
    block(visit);
    yield;
  }
}

/**
 * What is frozen tells its changes now, to `visit` too. They belong to the interval that the snapshot ends, whichever checkpoint later deltas go back to.
 */
function* reportChanges({ frozen, changes }: Source, visit?: (key: KeyId, namespace: Namespace) => void): Steps<void> {
  const ended = changes.at(-1);
  if (frozen === undefined || ended === undefined) return;
  yield* eachBlock(frozen.changedBlocks(), (key, namespace) => {
    visit?.(key, namespace);
    ended.add(key, namespace);
  });
}

/** A component without entries, whatever may have been removed from it. */
function emptied({ name, format }: KeyedComponent): FrozenEntries {
  return { name, format, blocks: () => [], changedBlocks: () => [], writeEntry: () => false };
}

/** Segments in the making, one for each key group that has anything to write. */
class Segments {
  readonly #first: number;
  /** About as much as a group had before. */
  readonly #bytesOf: (group: number) => number;
  readonly #writers: (SegmentWriter | undefined)[] = [];

  constructor(first: number, bytesOf: (group: number) => number) {
    this.#first = first;
    this.#bytesOf = bytesOf;
  }

  of(group: number, keepsRemovals: boolean): SegmentWriter {
    const index = group - this.#first;
    while (this.#writers.length <= index) this.#writers.push(undefined);
    return (this.#writers[index] ??= new SegmentWriter(keepsRemovals, this.#bytesOf(group) * ROOM_TO_GROW));
  }

  /** Visits those that are not empty, ascending by group. */
  forEach(visit: (bytes: Uint8Array, group: number) => void): void {
    this.#writers.forEach((writer, index) => {
      const bytes = writer?.finish();
      if (bytes !== undefined) visit(bytes, this.#first + index);
    });
  }
}

function formatMismatch(component: KeyedComponent, stored: string): JobError {
  return new JobError(
    "RESTORE_MISMATCH",
    `${component.name} was stored as ${stored}, but the job declares it as ${component.format}; ` +
      "restore with the job that wrote it, or give the new state another name",
  );
}

function parallelismMismatch(stored: number, own: number): JobError {
  return new JobError(
    "RESTORE_MISMATCH",
    `the state was stored with maxParallelism ${stored}, but the operator has ${own}; ` +
      `call setMaxParallelism(${stored}): it can never change`,
  );
}
