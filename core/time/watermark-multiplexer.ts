import { assert } from "../lib/assert.ts";
import { NO_WATERMARKS, type WatermarkPositions } from "../data/column-batch.ts";
import { IndexedHeap, NOT_IN_HEAP } from "../lib/heap.ts";
import { MIN_WATERMARK } from "./timestamp.ts";
import type { WatermarkOutput } from "./watermark-generator.ts";

/** Watermark and idleness of every output, as plain values. */
export interface WatermarkMultiplexerSnapshot {
  readonly outputs: readonly { readonly id: string; readonly watermark: number; readonly idle: boolean }[];
  readonly combinedWatermark: number;
  readonly combinedIdle: boolean;
}

/** Where one part puts its watermarks. */
export interface MultiplexedOutput extends WatermarkOutput {
  /**
   * As `emitWatermark` for each, of an output that is active; but the combined watermarks that they cause are returned instead of
   * emitted, each where its cause stands. The watermarks rise.
   */
  combine(positions: WatermarkPositions): WatermarkPositions;
}

interface PartialOutput {
  heapIndex: number;
  watermark: number;
  idle: boolean;
  /** A handle of a removed output may still be held; it changes nothing any more. */
  removed: boolean;
}

/**
 * Combines the watermarks of several parts that come and go (source splits, the inputs of a two-input operator) into one, as
 * Flink's WatermarkOutputMultiplexer with immediate outputs.
 *
 * * The combined watermark is the minimum over the active outputs; it never falls, so a new output can hold it but not take it
 *   back.
 * * When all outputs are idle, the largest watermark of all is emitted, then idleness.
 * * Without any output nothing changes: the last word stands.
 *
 * Differs from Flink in one point: the first output that is active again makes the combination active at once, not only with the
 * next watermark that advances it; so records that follow are not overtaken by other inputs.
 *
 * A watermark costs O(log n).
 */
export class WatermarkMultiplexer {
  readonly #target: WatermarkOutput;
  readonly #outputs = new Map<string, PartialOutput>();
  /** The active outputs. */
  readonly #active = new IndexedHeap<PartialOutput>(byWatermark);
  #combinedWatermark = MIN_WATERMARK;
  #combinedIdle = false;

  constructor(target: WatermarkOutput) {
    this.#target = target;
  }

  /** The last combined watermark emitted. */
  get watermark(): number {
    return this.#combinedWatermark;
  }

  get isIdle(): boolean {
    return this.#combinedIdle;
  }

  get outputCount(): number {
    return this.#outputs.size;
  }

  hasOutput(id: string): boolean {
    return this.#outputs.has(id);
  }

  /** Watermark of one output, to be stored with its split. */
  watermarkOf(id: string): number {
    return this.#outputOf(id).watermark;
  }

  isIdleOf(id: string): boolean {
    return this.#outputOf(id).idle;
  }

  /**
   * Adds an output, active, whose watermark starts at what is known of it already: MIN_WATERMARK for a new split, more for one
   * that moved here. Emits no watermark, so that several can be registered before the first of them counts.
   */
  registerOutput(id: string, watermark: number = MIN_WATERMARK): MultiplexedOutput {
    assert(!this.#outputs.has(id), "an output is registered once");
    this.#add(id, watermark, false);
    this.#markActive();
    return this.output(id);
  }

  /** A handle of a registered output, to be kept: it costs an object. After `removeOutput` its calls change nothing. */
  output(id: string): MultiplexedOutput {
    const part = this.#outputOf(id);
    return {
      emitWatermark: (watermark) => this.#advance(part, watermark),
      markIdle: () => this.#setIdle(part, true),
      markActive: () => this.#setIdle(part, false),
      combine: (positions) => this.#advanceThrough(part, positions),
    };
  }

  /** Removes an output; the others may advance now. */
  removeOutput(id: string): void {
    const part = this.#outputOf(id);
    this.#outputs.delete(id);
    if (!part.idle) this.#active.remove(part);
    part.removed = true;
    if (0 < this.#outputs.size) this.#combine();
  }

  snapshot(): WatermarkMultiplexerSnapshot {
    return {
      outputs: [...this.#outputs].map(([id, { watermark, idle }]) => ({ id, watermark, idle })),
      combinedWatermark: this.#combinedWatermark,
      combinedIdle: this.#combinedIdle,
    };
  }

  /** Goes on where another one stopped; emits nothing. The outputs are registered again; their handles come from `output`. */
  restore(snapshot: WatermarkMultiplexerSnapshot): void {
    assert(this.#outputs.size === 0, "a multiplexer is restored before outputs are registered");
    for (const { id, watermark, idle } of snapshot.outputs) {
      this.#add(id, watermark, idle);
    }
    this.#combinedWatermark = snapshot.combinedWatermark;
    this.#combinedIdle = snapshot.combinedIdle;
  }

  /** Emits what outputs from several places come to together, where that was not said yet. */
  settle(): void {
    if (this.#active.size === 0 && 0 < this.#outputs.size && !this.#combinedIdle) this.#combine();
  }

  #add(id: string, watermark: number, idle: boolean): void {
    const part: PartialOutput = { heapIndex: NOT_IN_HEAP, watermark, idle, removed: false };
    this.#outputs.set(id, part);
    if (!idle) this.#active.push(part);
  }

  #advance(part: PartialOutput, watermark: number): void {
    if (part.removed) return;
    const wasIdle = part.idle;
    const advances = part.watermark < watermark;
    if (!wasIdle && !advances) return;
    if (!wasIdle && this.#outputs.size === 1) {
      // The only one is its own minimum.
      part.watermark = watermark;
      this.#markActive();
      this.#emitIfAdvanced(watermark);
      return;
    }
    if (!wasIdle) this.#active.remove(part);
    part.idle = false;
    if (advances) part.watermark = watermark;
    this.#active.push(part);
    this.#combine();
  }

  #advanceThrough(part: PartialOutput, positions: WatermarkPositions): WatermarkPositions {
    const count = positions.rows.length;
    if (part.removed || count === 0) return NO_WATERMARKS;
    assert(!part.idle, "an output is active when it delivers");
    this.#markActive();
    if (this.#outputs.size === 1 && Math.max(part.watermark, this.#combinedWatermark) < positions.watermarks[0]!) {
      part.watermark = positions.watermarks[count - 1]!;
      this.#combinedWatermark = part.watermark;
      return positions;
    }
    // Meanwhile no other output moves: only the slowest of them counts.
    this.#active.remove(part);
    const slowest = this.#active.peek()?.watermark ?? Infinity;
    const rows: number[] = [];
    const watermarks: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const watermark = positions.watermarks[index]!;
      if (watermark <= part.watermark) continue;
      part.watermark = watermark;
      const combined = Math.min(watermark, slowest);
      if (combined <= this.#combinedWatermark) continue;
      this.#combinedWatermark = combined;
      rows.push(positions.rows[index]!);
      watermarks.push(combined);
    }
    this.#active.push(part);
    return rows.length === 0 ? NO_WATERMARKS : { rows, watermarks };
  }

  #setIdle(part: PartialOutput, idle: boolean): void {
    if (part.removed || part.idle === idle) return;
    part.idle = idle;
    if (idle) this.#active.remove(part);
    else this.#active.push(part);
    this.#combine();
  }

  #combine(): void {
    const slowest = this.#active.peek();
    if (slowest !== undefined) {
      this.#markActive();
      this.#emitIfAdvanced(slowest.watermark);
      return;
    }
    this.#emitIfAdvanced(this.#maximum());
    if (this.#combinedIdle) return;
    this.#combinedIdle = true;
    this.#target.markIdle();
  }

  #markActive(): void {
    if (!this.#combinedIdle) return;
    this.#combinedIdle = false;
    this.#target.markActive();
  }

  #emitIfAdvanced(watermark: number): void {
    if (watermark <= this.#combinedWatermark) return;
    this.#combinedWatermark = watermark;
    this.#target.emitWatermark(watermark);
  }

  #maximum(): number {
    let maximum = MIN_WATERMARK;
    for (const part of this.#outputs.values()) maximum = Math.max(maximum, part.watermark);
    return maximum;
  }

  #outputOf(id: string): PartialOutput {
    const part = this.#outputs.get(id);
    assert(part !== undefined, "an output is registered before it is used");
    return part;
  }
}

/** Not by subtraction: ∞ − ∞ is NaN. */
function byWatermark(a: PartialOutput, b: PartialOutput): number {
  return a.watermark < b.watermark ? -1 : b.watermark < a.watermark ? 1 : 0;
}
