import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { CsvFormat } from "../../node/files/csv-format.ts";
import { StreamSource } from "../../node/files/stdin-source.ts";
import { TextLineInputFormat } from "../../node/files/text-line-format.ts";
import type { TextFormat } from "../../node/files/text-format.ts";
import { SourceHarness } from "../connectors/source-harness.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function sourceOf<T>(format: TextFormat<T>, chunks: readonly string[]): StreamSource<T> {
  return new StreamSource(format, () => Readable.from(chunks.map((chunk) => Buffer.from(chunk))), "standard input");
}

test("lines of a stream until it ends, whatever its chunks", async () => {
  for (const chunks of [["a\nb\n", "c"], ["a", "\nb", "\n", "c\n"], []]) {
    const harness = new SourceHarness(sourceOf(new TextLineInputFormat(), chunks));
    await harness.drainAsync();
    expect(harness.take()).toEqual(chunks.length === 0 ? [] : ["a", "b", "c"]);
    harness.close();
  }
});

test("backpressure pauses the stream: one chunk is taken when it is asked for", async () => {
  let pushed = 0;
  const stream = new Readable({
    highWaterMark: 1,
    read() {
      pushed += 1;
      this.push(`line ${pushed}\n`);
    },
  });
  const harness = new SourceHarness(new StreamSource(new TextLineInputFormat(), () => stream, "stream"));
  harness.poll();
  for (let i = 0; i < 20; i += 1) await turn();
  expect(pushed).toBeLessThanOrEqual(3);
  for (let i = 0; i < 10; i += 1) {
    harness.drain();
    await turn();
  }
  expect(harness.take().slice(0, 3)).toEqual(["line 1", "line 2", "line 3"]);
  expect(pushed).toBeLessThan(20);
  harness.close();
  stream.destroy();
});

test("after a restore, what was read is passed over; the header is met again", async () => {
  const chunks = ["id,name\n1,", '"a\nb"\n2,c\n', "3,d\n"];
  const expected = ['{"id":"1","name":"a\\nb"}', '{"id":"2","name":"c"}', '{"id":"3","name":"d"}'];
  for (let cut = 0; cut <= 3; cut += 1) {
    const first = new SourceHarness(sourceOf(new CsvFormat(), chunks));
    while (first.output[0]!.length < cut) {
      if (first.poll() === "nothing") await turn();
    }
    const snapshot = first.snapshot(1);
    first.close();
    const second = new SourceHarness(sourceOf(new CsvFormat(), chunks), {}, snapshot);
    second.poll();
    const again = second.snapshot(2);
    second.close();
    const third = new SourceHarness(sourceOf(new CsvFormat(), chunks), {}, again);
    await third.drainAsync();
    third.close();
    expect([...first.take(), ...second.take(), ...third.take()]).toEqual(expected);
  }
});

test("an error of the stream fails the source; a second reading is refused", async () => {
  const broken = new Readable({
    read() {
      this.destroy(new Error("unplugged"));
    },
  });
  const failing = new SourceHarness(new StreamSource(new TextLineInputFormat(), () => broken, "standard input"));
  await expect(failing.drainAsync()).rejects.toThrow("cannot read standard input: unplugged");

  const harness = new SourceHarness(sourceOf(new TextLineInputFormat(), ["a\n"]));
  await harness.drainAsync();
  harness.restartReader(0);
  expect(() => harness.drain()).toThrow("cannot be read again");
});
