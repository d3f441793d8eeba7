import process from "node:process";
import { ROOT } from "./child-process.ts";
import { FULL_SCALE, type Scale } from "./works.ts";

/** What the benchmark takes from its surroundings; tests run all of it with few events, in a folder of their own. */
export interface Settings {
  readonly scale: Scale;
  /** Where results are kept between runs. */
  readonly resultsPath: string;
  /** The page whose measured part is written. */
  readonly pagePath: string;
}

export function settingsOf(env: NodeJS.ProcessEnv = process.env): Settings {
  const folder = env["TAMIAS_BENCH_FOLDER"];
  return {
    scale: scaleOf(env["TAMIAS_BENCH_EVENTS"]),
    resultsPath: folder === undefined ? `${ROOT}/bench/last-full-run.json` : `${folder}/last-full-run.json`,
    pagePath: folder === undefined ? `${ROOT}/docs/performance.md` : `${folder}/performance.md`,
  };
}

function scaleOf(text: string | undefined): Scale {
  const events = Number(text ?? FULL_SCALE.events);
  if (!Number.isSafeInteger(events) || events < 1)
    throw new Error(`TAMIAS_BENCH_EVENTS must be a whole number, but is "${text}"`);
  if (events === FULL_SCALE.events) return FULL_SCALE;
  return { ...FULL_SCALE, events, eventsMin: Math.min(events, FULL_SCALE.eventsMin), snapshotKeys: Math.min(events, 1_000) };
}
