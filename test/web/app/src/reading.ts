export interface Reading {
  readonly sensor: string;
  readonly value: number;
  readonly time: number;
}

export function readingOf(time: number): Reading {
  return { sensor: `sensor ${time % 7}`, value: (time * 37) % 101, time };
}
