import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import type { KeyId } from "../data/key.ts";
import type { ChangeTracker, Namespace } from "../state/keyed-state.ts";

/** The pane is still to fire. */
export const TO_FIRE = 1;
/** The pane has fired and is still to be dropped; needed where contents lie in slices, which outlive a window. */
export const TO_DROP = 2;

/** Marks are kept beside panes, under addresses of their own. */
const MARK = "!";

/** Says whether the namespace of an entry is that of a mark. */
export function isMark(namespace: Namespace): boolean {
  return namespace.startsWith(MARK);
}

/** Told the key, the text of the window, and TO_FIRE or TO_DROP. */
export type VisitMark = (key: KeyId, text: Namespace, mark: number) => void;

/**
 * What a snapshot in mid-firing holds besides panes: a mark for each (key, window) that has yet to be fired or
 * dropped. Marks are collected when a snapshot begins, so that firing itself costs nothing more.
 */
export class FiringMarks {
  #marks = new Map<Namespace, Map<KeyId, number>>();

  /** Replaces the marks of the last snapshot by those that `collect` visits. */
  replace(collect: (visit: VisitMark) => void, tracker: ChangeTracker): void {
    this.forEachAddress((key, namespace) => tracker.changed(key, namespace));
    this.clear();
    // The marks of a window come one after the other: its address is made and looked up once.
    let last: { readonly text: Namespace; readonly marks: Map<KeyId, number> } | undefined;
    collect((key, text, mark) => {
      if (last?.text !== text) last = { text, marks: this.#of(MARK + text) };
      last.marks.set(key, mark);
    });
    this.forEachAddress((key, namespace) => tracker.changed(key, namespace));
  }

  /** Visits the marks that were restored. */
  forEach(visit: VisitMark): void {
    for (const [namespace, ofNamespace] of this.#marks) {
      const text = namespace.slice(MARK.length);
      for (const [key, mark] of ofNamespace) visit(key, text, mark);
    }
  }

  forEachAddress(visit: (key: KeyId, namespace: Namespace) => void): void {
    for (const [namespace, ofNamespace] of this.#marks) {
      for (const key of ofNamespace.keys()) visit(key, namespace);
    }
  }

  get(key: KeyId, namespace: Namespace): number | undefined {
    return this.#marks.get(namespace)?.get(key);
  }

  write(key: KeyId, namespace: Namespace, writer: ByteWriter): boolean {
    const mark = this.get(key, namespace);
    if (mark === undefined) return false;
    writer.u8(mark);
    return true;
  }

  restore(key: KeyId, namespace: Namespace, reader: ByteReader): void {
    const mark = reader.u8();
    if (mark !== TO_FIRE && mark !== TO_DROP) throw corrupt(`${mark} before byte ${reader.position} is no mark of a pane`);
    this.put(key, namespace, mark);
  }

  put(key: KeyId, namespace: Namespace, mark: number): void {
    this.#of(namespace).set(key, mark);
  }

  remove(key: KeyId, namespace: Namespace): void {
    this.#marks.get(namespace)?.delete(key);
  }

  clear(): void {
    if (0 < this.#marks.size) this.#marks = new Map();
  }

  #of(namespace: Namespace): Map<KeyId, number> {
    let ofNamespace = this.#marks.get(namespace);
    if (ofNamespace === undefined) {
      ofNamespace = new Map();
      this.#marks.set(namespace, ofNamespace);
    }
    return ofNamespace;
  }
}
