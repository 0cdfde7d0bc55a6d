// The head of a request. RFC 9112 §3 and §5.

/** Name and value. */
export type Field = readonly [name: string, value: string];

/** What the transfer itself says about where a request goes and where it ends; a second word on that could hide one request in another. */
const FRAMING_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/; // token, RFC 9110 §5.6.2

/** `path` is the request target in origin form, byte for byte. */
export function serializeRequestHead(method: string, path: string, fields: readonly Field[]): Buffer {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
}

/**
 * `own` fields, each replaced by that of the same name among `added`, and the rest of those. What would change the framing of the request, or
 * is no field at all, is left out of `added`.
 */
export function withAddedFields(own: readonly Field[], added: Readonly<Record<string, string>>): Field[] {
  const additions = Object.entries(added).filter(isHarmless);
  const replaced = new Set(additions.map(([name]) => name.toLowerCase()));
  return [...own.filter(([name]) => !replaced.has(name.toLowerCase())), ...additions];
}

function isHarmless([name, value]: Field): boolean {
  return NAME.test(name) && !FRAMING_FIELDS.has(name.toLowerCase()) && !/[\r\n\0]/.test(value);
}
