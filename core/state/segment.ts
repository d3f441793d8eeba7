import { type ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import { readKey, writeKey } from "../data/key-codec.ts";
import type { KeyId } from "../data/key.ts";
import { type KeyedComponent, type Namespace, NO_NAMESPACE } from "./keyed-state.ts";

/**
 * A segment is a base or a delta of one key group: the version, then sections, each of one component: its name, its
 * format, the length of the rest (u32), and entries. A section is one codec session, so its entries can only be read
 * in order. A component may have several sections.
 *
 * An entry is a byte (see below), the namespace unless it is that of the entry before, the key and, where it is put, the value.
 */
const SEGMENT_VERSION = 1;

const PUT = 0;
const REMOVE = 1;
/** Added to either where the namespace follows. */
const NAMED = 2;

/** What a segment is written from: a component, or what it was at a snapshot. */
export type EntrySource = Pick<KeyedComponent, "name" | "format" | "writeEntry">;

/** Writes the segment of one key group. Components must come one after the other. */
export class SegmentWriter {
  readonly #writer: ByteWriter;
  /** Removals mean something only where there is something older to remove. */
  readonly #keepsRemovals: boolean;
  #component: EntrySource | undefined;
  #lengthAt = 0;
  #namespace: Namespace = NO_NAMESPACE;
  #isEmpty = true;

  /** @param bytes about so many are to come */
  constructor(keepsRemovals: boolean, bytes: number) {
    this.#writer = new ByteWriter(bytes);
    this.#keepsRemovals = keepsRemovals;
    this.#writer.u8(SEGMENT_VERSION);
  }

  /** Writes what the component holds at the address: its value, or that it was removed. */
  entry(component: EntrySource, key: KeyId, namespace: Namespace): void {
    if (component !== this.#component) {
      this.#closeSection();
      this.#openSection(component.name, component.format);
      this.#component = component;
    }
    const writer = this.#writer;
    const start = writer.length;
    this.#address(PUT, key, namespace);
    if (component.writeEntry(key, namespace, writer)) {
      this.#namespace = namespace;
      this.#isEmpty = false;
      return;
    }
    writer.truncate(start);
    if (!this.#keepsRemovals) return;
    this.#address(REMOVE, key, namespace);
    this.#namespace = namespace;
    this.#isEmpty = false;
  }

  /** Copies a section that was read from another segment. */
  section(section: Section): void {
    this.#closeSection();
    this.#openSection(section.name, section.format);
    this.#writer.raw(section.bytes.subarray(section.start, section.end));
    this.#closeSection();
    this.#isEmpty = false;
  }

  /** The segment, or undefined where nothing was written. */
  finish(): Uint8Array | undefined {
    this.#closeSection();
    return this.#isEmpty ? undefined : this.#writer.view();
  }

  #address(operation: number, key: KeyId, namespace: Namespace): void {
    const isNamed = namespace !== this.#namespace;
    this.#writer.u8(isNamed ? operation + NAMED : operation);
    if (isNamed) this.#writer.string(namespace);
    writeKey(this.#writer, key);
  }

  #openSection(name: string, format: string): void {
    this.#writer.string(name);
    this.#writer.string(format);
    this.#lengthAt = this.#writer.length;
    this.#writer.u32le(0);
    this.#writer.startSession();
    this.#namespace = NO_NAMESPACE;
  }

  #closeSection(): void {
    if (this.#lengthAt !== 0) this.#writer.patchU32(this.#lengthAt, this.#writer.length - this.#lengthAt - 4);
    this.#lengthAt = 0;
    this.#component = undefined;
  }
}

/** One section of a segment, not yet decoded. */
export interface Section {
  readonly name: string;
  readonly format: string;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Finds the sections of a segment; the reader stands at its start. */
export function readSections(reader: ByteReader, bytes: Uint8Array): readonly Section[] {
  const version = reader.u8();
  if (version !== SEGMENT_VERSION) throw corrupt(`${version} is no version of state that this release reads (${SEGMENT_VERSION})`);
  const sections: Section[] = [];
  while (0 < reader.remaining) {
    const name = reader.string();
    const format = reader.string();
    const length = reader.u32le();
    const start = reader.position;
    reader.skip(length);
    sections.push({ name, format, bytes, start, end: start + length });
  }
  return sections;
}

/** Gives every entry of the section to the component, in the order in which they were written. */
export function replaySection(reader: ByteReader, section: Section, component: KeyedComponent): void {
  reader.reset(section.bytes, section.start, section.end);
  let namespace = NO_NAMESPACE;
  while (0 < reader.remaining) {
    const operation = reader.u8();
    if (REMOVE + NAMED < operation) throw corrupt(`${operation} at byte ${reader.position - 1} is no operation on state`);
    if (NAMED <= operation) namespace = reader.string();
    const key = readKey(reader);
    if (operation === PUT || operation === PUT + NAMED) component.restoreEntry(key, namespace, reader);
    else component.removeRestored(key, namespace);
  }
}
