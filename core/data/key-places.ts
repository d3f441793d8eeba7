/** Integers get places when there are as many of them, and at most so many places for each. */
export const PLACED_KEYS_MIN = 64;
export const PLACES_PER_KEY_MAX = 8;

/** Where places for integers would lie. */
export interface KeyPlaces {
  readonly base: number;
  /** How many there would be; 0 where the integers lie too far apart, or are too few. */
  readonly count: number;
  /** How many are needed from the least integer to the largest. */
  readonly wanted: number;
}

/** Looks at all integers of 32 bits, which `forEach` visits. */
export function placesFor(forEach: (visit: (integer: number) => void) => void): KeyPlaces {
  let keys = 0;
  let least = Infinity;
  let most = -Infinity;
  forEach((integer) => {
    keys += 1;
    if (integer < least) least = integer;
    if (most < integer) most = integer;
  });
  const placesMax = PLACES_PER_KEY_MAX * keys;
  const wanted = most - least + 1;
  // What is to spare lies where ids grow.
  const count = PLACED_KEYS_MIN <= keys && wanted <= placesMax ? Math.min(2 * wanted, placesMax) : 0;
  return { base: least, count, wanted };
}
