import { describe, expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import { createRing, inUnits, RING_UNIT, RingReader, RingWriter } from "../../core/runtime/ring.ts";

const RING_BYTES = 64;

/** A ring whose next byte goes to `offset`. */
function ringAt(offset: number): { readonly writer: RingWriter; readonly reader: RingReader } {
  const memory = createRing(RING_BYTES);
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory);
  for (let position = 0; position < offset; position += RING_UNIT) {
    writer.writeWords(0, 0);
    writer.publish();
    reader.skipWords();
    reader.free();
  }
  return { writer, reader };
}

function bytesFrom(prng: Prng, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => prng.int(256));
}

describe("a ring", () => {
  test("gives every length back from every offset", () => {
    const prng = new Prng(3);
    for (let offset = 0; offset < RING_BYTES; offset += RING_UNIT) {
      for (let length = 0; length <= RING_BYTES; length += 1) {
        const { writer, reader } = ringAt(offset);
        const bytes = bytesFrom(prng, length);
        expect(writer.writeBytes(bytes, 0)).toBe(length);
        expect([writer.room(), reader.available()]).toEqual([RING_BYTES - inUnits(length), 0]);
        writer.publish();
        expect(reader.available()).toBe(inUnits(length));
        const target = new Uint8Array(length);
        reader.readBytes(target, 0, length);
        expect(target).toEqual(bytes);
        reader.free();
        expect(writer.room()).toBe(RING_BYTES);
      }
    }
  });

  test("carries words and bytes in pieces, in whatever steps both ends take", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const prng = new Prng(seed);
      const { writer, reader } = ringAt(RING_UNIT * prng.int(RING_BYTES / RING_UNIT));
      for (let frame = 0; frame < 20; frame += 1) {
        const bytes = bytesFrom(prng, prng.int(4 * RING_BYTES));
        writer.writeWords(frame, bytes.length);
        writer.publish();
        expect([seed, reader.firstWord(), reader.secondWord()]).toEqual([seed, frame, bytes.length]);
        reader.skipWords();
        const target = new Uint8Array(bytes.length);
        for (let written = 0, read = 0; read < bytes.length; ) {
          if (prng.int(2) === 0) written += writer.writeBytes(bytes, written);
          writer.publish();
          const count = Math.min(RING_UNIT * prng.int(1 + reader.available() / RING_UNIT), bytes.length - read);
          reader.readBytes(target, read, count);
          read += count;
          reader.free();
        }
        expect([seed, target]).toEqual([seed, bytes]);
      }
    }
  });

  test("counts on beyond 2^32 bytes", () => {
    const memory = createRing(1 << 20);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    const bytes = new Uint8Array((1 << 20) - 8);
    for (let written = 0; written < 2 ** 32 + 2 ** 22; written += bytes.length) {
      writer.writeBytes(bytes, 0);
      writer.publish();
      expect(reader.available()).toBe(bytes.length);
      reader.readBytes(bytes, 0, bytes.length);
      reader.free();
    }
    expect(writer.room()).toBe(1 << 20);
  });

  test("wakes a reader that sleeps, once, and lets none sleep over bytes", () => {
    const { writer, reader } = ringAt(0);
    expect(writer.takesSleeper()).toBe(false);
    expect(reader.sleeps()).toBe(true);
    writer.writeWords(1, 0);
    writer.publish();
    expect([writer.takesSleeper(), writer.takesSleeper()]).toEqual([true, false]);
    expect(reader.sleeps()).toBe(false);
    expect(writer.takesSleeper()).toBe(false);
  });

  test("wakes a writer that waits, once, and lets none wait beside room", () => {
    const { writer, reader } = ringAt(0);
    expect(writer.waits()).toBe(false);
    writer.writeBytes(new Uint8Array(RING_BYTES), 0);
    writer.publish();
    expect(reader.takesWaiter()).toBe(false);
    expect(writer.waits()).toBe(true);
    reader.skipWords();
    reader.free();
    expect([reader.takesWaiter(), reader.takesWaiter()]).toEqual([true, false]);
    expect(writer.waits()).toBe(false);
  });
});
