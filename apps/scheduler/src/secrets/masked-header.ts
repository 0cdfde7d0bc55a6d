import { MASK, type PushSpec } from '@pushfleet/config';

/** The name of the first header field that stands as it is shown; undefined when every value is there. */
export function maskedHeader({ headers = {} }: Pick<PushSpec, 'headers'>): string | undefined {
  return Object.keys(headers).find((name) => headers[name] === MASK);
}
