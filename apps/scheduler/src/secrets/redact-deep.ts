import { MASK } from '@pushfleet/config';

/** A JSON value with every text inside it redacted. What stands under `headers` is secret whatever it looks like: only names are left. */
export function redactDeep(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, redact));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([name, item]) =>
    name === 'headers' ? [name, maskedHeaders(item)] : [name, redactDeep(item, redact)],
  );
  return Object.fromEntries(entries);
}

const maskedHeaders = (headers: unknown): unknown =>
  isObject(headers) && !Array.isArray(headers)
    ? Object.fromEntries(Object.keys(headers).map((name) => [name, MASK]))
    : MASK;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
