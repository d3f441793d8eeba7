import { groupOfRow, type Emit, type Model } from "./models.ts";
import type { KeyForm, Row } from "./rows.ts";
import { CLOCK, nextTimerOf, SIDE, timerOf } from "./stage-functions.ts";

interface Entry {
  count: number;
  ids: number[];
  readonly remainders: Map<string, number>;
}

interface Timer {
  readonly time: number;
  readonly key: number;
  readonly group: number;
  readonly order: number;
}

/** What `Bookkeeper` and `TwoInputBookkeeper` do. Timers of the clock are not foretold: that each fires once is checked apart. */
export function bookkeeping(form: KeyForm): () => Model {
  return () => {
    const entries = new Map<number, Entry>();
    const groups = new Map<number, number>();
    let timers: Timer[] = [];
    let order = 0;
    let current = -Infinity;

    const set = (key: number, time: number): void => {
      if (timers.some((timer) => timer.key === key && timer.time === time)) return;
      order += 1;
      timers.push({ key, time, group: groups.get(key)!, order });
    };
    const onTimer = ({ key, time }: Timer, emit: Emit): void => {
      const entry = entries.get(key)!;
      const remainders = [...entry.remainders].map(([name, of]) => `${name}:${of}`).sort();
      emit({ id: -1, key, time, value: entry.count, note: `timer ${time} of [${entry.ids}] {${remainders}}` }, time);
      entry.ids = [];
      entry.remainders.delete("0/0");
      const next = nextTimerOf(time, entry.count);
      entry.count += 1;
      if (next !== undefined) set(key, next);
    };
    return {
      record(input, row, timestamp, emit) {
        const entry = entries.get(row.key) ?? { count: 0, ids: [], remainders: new Map<string, number>() };
        entries.set(row.key, entry);
        groups.set(row.key, groupOfRow(form, row).group);
        entry.count += 1;
        entry.ids.push(row.id);
        const remainder = `${input}/${row.value % 3}`;
        entry.remainders.set(remainder, (entry.remainders.get(remainder) ?? 0) + 1);
        const { time, deletes } = timerOf(row.value, timestamp);
        if (deletes) timers = timers.filter((timer) => timer.key !== row.key || timer.time !== time);
        else set(row.key, time);
        if (row.value % 6 === 0) emit({ ...row, note: `side ${row.note}` }, timestamp, SIDE.id);
        emit({ ...row, value: entry.count, note: `${row.note} was ${entry.count} at ${current}` }, timestamp);
      },
      watermark(watermark, emit) {
        current = watermark;
        for (;;) {
          const [next] = timers.filter(({ time }) => time <= watermark).sort((a, b) => a.time - b.time || a.group - b.group || a.order - b.order);
          if (next === undefined) return;
          timers = timers.filter((timer) => timer !== next);
          onTimer(next, emit);
        }
      },
    };
  };
}

/** Every timer of the clock that was set has fired, once; a key's timers of one time are one. Returns what is wrong. */
export function clockTimerFault(rows: readonly Row[]): string | undefined {
  const set = new Set<string>();
  const fired: string[] = [];
  for (const { key, value, note } of rows) {
    if (note === "set") set.add(`${key}@${value}`);
    else fired.push(`${key}@${value}`);
  }
  const firedOnce = new Set(fired);
  if (firedOnce.size !== fired.length) return `${CLOCK.id}: a timer fired twice`;
  const lost = [...set].filter((timer) => !firedOnce.has(timer));
  const extra = fired.filter((timer) => !set.has(timer));
  return lost.length === 0 && extra.length === 0 ? undefined : `${CLOCK.id}: never fired: ${lost.join(" ")}; never set: ${extra.join(" ")}`;
}
