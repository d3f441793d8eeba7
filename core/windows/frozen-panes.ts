import type { KeyId } from "../data/key.ts";
import { assert } from "../lib/assert.ts";
import type { ByteWriter } from "../lib/bytes.ts";
import type { Type } from "../data/type.ts";
import type { EntryBlock, FrozenEntries, Namespace } from "../state/keyed-state.ts";
import type { Slots } from "./aggregate-slots.ts";
import { FIRST_KEY_SLOT, type KernelType } from "./kernel.ts";
import { IMAGE_HEADER_BYTES, IMAGE_SPAN_BYTES, keyBytes, readHeader, readSpan } from "./kernel-image.ts";
import { spanText, writePane } from "./pane-layout.ts";

/** The panes of one span in an image. */
interface FrozenSpan {
  readonly text: Namespace;
  readonly keys: Int32Array;
  readonly words: Float64Array;
  readonly ints: BigInt64Array;
  /** Made when an entry is first asked for. */
  rows: Map<KeyId, number> | undefined;
}

export interface FrozenPanesOptions {
  /** Called when the image is no longer needed. */
  readonly release: () => void;
  readonly name: string;
  readonly format: string;
  /** As the kernel gave it; taken over. */
  readonly image: Uint8Array<ArrayBuffer>;
  readonly wordTypes: readonly KernelType[];
  readonly contentsType: Type<Slots>;
  /** Keys by slot, as they were then. */
  readonly keyOfSlot: (slot: number) => KeyId | undefined;
  /** Marks of the firing that was under way. */
  readonly marks: readonly { readonly key: KeyId; readonly namespace: Namespace; readonly mark: number }[];
}

/** Panes that are visited in one go. */
const BLOCK_PANES = 1024;

/** The panes of a kernel as they were at a snapshot: read from one copy of its memory, so that the kernel goes on meanwhile. */
export class FrozenPanes implements FrozenEntries {
  readonly name: string;
  readonly format: string;
  readonly #stride: number;
  readonly #wordTypes: readonly KernelType[];
  readonly #contentsType: Type<Slots>;
  readonly #keyOfSlot: (slot: number) => KeyId | undefined;
  /** Nothing of this is of use afterwards. */
  readonly release: () => void;
  readonly #spans = new Map<Namespace, FrozenSpan>();
  readonly #marks = new Map<Namespace, Map<KeyId, number>>();
  /** The pane that is being visited. */
  #visitedSpan: FrozenSpan | undefined;
  #visitedKey: KeyId = "";
  #visitedRow = 0;

  constructor({ name, format, image, wordTypes, contentsType, keyOfSlot, marks, release }: FrozenPanesOptions) {
    this.name = name;
    this.format = format;
    this.release = release;
    this.#wordTypes = wordTypes;
    this.#contentsType = contentsType;
    this.#keyOfSlot = keyOfSlot;
    const view = new DataView(image.buffer);
    const { stride, spanCount } = readHeader(view);
    this.#stride = stride;
    let at = IMAGE_HEADER_BYTES;
    for (let index = 0; index < spanCount; index += 1) {
      const { start, end, count } = readSpan(view, at);
      at += IMAGE_SPAN_BYTES;
      const keys = new Int32Array(image.buffer, at, count);
      at += keyBytes(count);
      const words = new Float64Array(image.buffer, at, count * stride);
      const ints = new BigInt64Array(image.buffer, at, count * stride);
      at += count * stride * 8;
      const text = spanText(start, end);
      this.#spans.set(text, { text, keys, words, ints, rows: undefined });
    }
    for (const { key, namespace, mark } of marks) {
      const ofNamespace = this.#marks.get(namespace) ?? new Map<KeyId, number>();
      this.#marks.set(namespace, ofNamespace.set(key, mark));
    }
  }

  *blocks(): Iterable<EntryBlock> {
    for (const span of this.#spans.values()) {
      for (let from = 0; from < span.keys.length; from += BLOCK_PANES) yield (visit) => this.#visitPanes(span, from, false, visit);
    }
    yield (visit) => {
      for (const [namespace, marks] of this.#marks) for (const key of marks.keys()) visit(key, namespace);
    };
  }

  *changedBlocks(): Iterable<EntryBlock> {
    for (const span of this.#spans.values()) {
      for (let from = 0; from < span.keys.length; from += BLOCK_PANES) yield (visit) => this.#visitPanes(span, from, true, visit);
    }
  }

  writeEntry(key: KeyId, namespace: Namespace, writer: ByteWriter): boolean {
    const mark = this.#marks.get(namespace)?.get(key);
    if (mark !== undefined) writer.u8(mark);
    const span = this.#spans.get(namespace);
    if (mark !== undefined || span === undefined) return mark !== undefined;
    const row = this.#rowOf(span, key);
    if (row === undefined) return false;
    const at = row * this.#stride;
    const contents = this.#wordTypes.map((type, word) => (type === "f64" ? canonical(span.words[at + 1 + word]!) : span.ints[at + 1 + word]));
    writePane(writer, { position: Math.abs(span.words[at]!) - 1, contents }, this.#contentsType);
    return true;
  }

  #visitPanes(span: FrozenSpan, from: number, onlyChanged: boolean, visit: (key: KeyId, namespace: Namespace) => void): void {
    const { keys, words, text } = span;
    const end = Math.min(from + BLOCK_PANES, keys.length);
    this.#visitedSpan = span;
    for (let row = from; row < end; row += 1) {
      // The sign of the position says whether the pane has changed.
      if (onlyChanged && words[row * this.#stride]! < 0) continue;
      const key = this.#keyOf(keys[row]!);
      this.#visitedKey = key;
      this.#visitedRow = row;
      visit(key, text);
    }
    this.#visitedSpan = undefined;
  }

  /** Who visits an entry mostly writes it. */
  #rowOf(span: FrozenSpan, key: KeyId): number | undefined {
    if (span === this.#visitedSpan && key === this.#visitedKey) return this.#visitedRow;
    span.rows ??= new Map(Array.from(span.keys, (number, row) => [this.#keyOf(number), row]));
    return span.rows.get(key);
  }

  #keyOf(number: number): KeyId {
    const key = number < FIRST_KEY_SLOT ? number : this.#keyOfSlot(number - FIRST_KEY_SLOT);
    assert(key !== undefined, "a kernel holds only keys that have a slot");
    return key;
  }
}

/** A computed NaN may carry any bits. */
function canonical(value: number): number {
  return value === value ? value : NaN;
}
