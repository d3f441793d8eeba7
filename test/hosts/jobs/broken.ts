/** A job module that cannot be imported. */
const regions: readonly string[] = [];

export const first = regions[0]!.toUpperCase();

export function job(): void {}
