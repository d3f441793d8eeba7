import type { Frames } from "./scenarios.ts";

/** Handles the playground as a person would, and leaves what it saw in `globalThis.outcome`. */

/** What compiles and loads until then is part of no second that people look at. */
const WARM_UP_MS = 5_000;
const COUNTED_MS = 10_000;

async function count(rateText: string): Promise<Frames> {
  const [start, rate] = await Promise.all([present("[aria-label=Controls] button"), present("[aria-label=Controls] input[type=range]")]);
  await choose(rate as HTMLInputElement, rateText);
  (start as HTMLButtonElement).click();
  while (!(0 < recordsRead())) await nextFrame();
  await framesIn(WARM_UP_MS);
  const before = recordsRead();
  const { frames, ms } = await framesIn(COUNTED_MS);
  return { perSecond: (frames * 1_000) / ms, recordsPerSecond: ((recordsRead() - before) * 1_000) / ms };
}

/** The stop of a slider that is called so. */
async function choose(slider: HTMLInputElement, text: string): Promise<void> {
  for (let stop = 0; slider.ariaValueText !== text; stop += 1) {
    if (Number(slider.max) < stop) throw new Error(`the slider has no stop "${text}"`);
    slider.valueAsNumber = stop;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await nextFrame();
  }
}

async function present(selector: string): Promise<Element> {
  for (;;) {
    const found = document.querySelector(selector);
    if (found !== null) return found;
    await nextFrame();
  }
}

/** Of the newest sample: five of them come in a second. */
function recordsRead(): number {
  return Number(document.querySelector<HTMLElement>("[data-stat=read]")?.dataset["value"] ?? 0);
}

function nextFrame(): Promise<number> {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}

async function framesIn(msMin: number): Promise<{ readonly frames: number; readonly ms: number }> {
  const began = await nextFrame();
  for (let frames = 1; ; frames += 1) {
    const ms = (await nextFrame()) - began;
    if (msMin <= ms) return { frames, ms };
  }
}

Object.assign(globalThis, { outcome: count(new URLSearchParams(location.search).get("rate") ?? "") });
