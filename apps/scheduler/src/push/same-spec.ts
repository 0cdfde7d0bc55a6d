import { isDeepStrictEqual } from 'node:util';

/** Do two specs say the same? The order of members does not matter, nor does an absent one written as undefined. */
export function sameSpec(a: object, b: object): boolean {
  return isDeepStrictEqual(withoutUndefined(a), withoutUndefined(b));
}

const withoutUndefined = (value: object): object => JSON.parse(JSON.stringify(value)) as object;
