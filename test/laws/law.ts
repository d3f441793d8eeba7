import * as fc from "fast-check";
import process from "node:process";

const DEFAULT_SEED = 20_231_117;

/** Seed of all laws. A failure prints it. */
export const LAWS_SEED = numberFrom("TAMIAS_LAWS_SEED") ?? DEFAULT_SEED;
/** Runs of each law, as a multiple of the default; `TAMIAS_LAWS_RUNS` says how many the largest law takes. */
const RUNS_OF_LARGEST_LAW = 600;
const SCALE = (numberFrom("TAMIAS_LAWS_RUNS") ?? RUNS_OF_LARGEST_LAW) / RUNS_OF_LARGEST_LAW;
/** Shrinking a job means running many: after so long the smallest one found is shown. */
const SHRINK_MS_MAX = 20_000;

/** Whether this run is the one that has to come through every place often enough. */
export const IS_DEFAULT_RUN = LAWS_SEED === DEFAULT_SEED && SCALE === 1;

/** Checks a law on random cases, and says how to see a failure again. */
export function checkLaw<T>(name: string, cases: fc.Arbitrary<T>, runs: number, law: (value: T) => void): void {
  let shrinkingSince: number | undefined;
  const details = fc.check(
    fc.property(cases, (value) => {
      // What is left to try counts as kept, so that shrinking ends.
      if (shrinkingSince !== undefined && SHRINK_MS_MAX < performance.now() - shrinkingSince) return;
      try {
        law(value);
      } catch (cause) {
        shrinkingSince ??= performance.now();
        throw cause;
      }
    }),
    { seed: LAWS_SEED, numRuns: Math.max(1, Math.round(runs * SCALE)) },
  );
  console.log(`${name}: ${details.numRuns} random cases, seed ${LAWS_SEED}`);
  if (!details.failed) return;
  const [counterexample] = details.counterexample ?? [];
  const cause = details.errorInstance;
  throw new Error(
    `${name} does not hold for\n${shown(counterexample)}\n${cause instanceof Error ? cause.message : String(cause)}\n` +
      `Replay it with TAMIAS_LAWS_SEED=${LAWS_SEED} TAMIAS_LAWS_RUNS=${Math.round(SCALE * RUNS_OF_LARGEST_LAW)} npm test -- test/laws` +
      `, or give the value above to the law in a test of its own.`,
    { cause },
  );
}

/** JSON, but for what JSON does not know. */
function shown(value: unknown): string {
  return JSON.stringify(value, (_name, field: unknown) => (typeof field === "bigint" || typeof field === "number" ? plain(field) : field), 1);
}

function plain(value: number | bigint): unknown {
  if (typeof value === "bigint") return `${value}n`;
  return Number.isFinite(value) && !Object.is(value, -0) ? value : fc.stringify(value);
}

function numberFrom(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new Error(`${name} must be a whole number, but is ${JSON.stringify(text)}`);
  return number;
}
