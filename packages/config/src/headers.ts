// Header fields that a push adds to its HTTP requests: names as in RFC 9110 §5.1, values as in §5.5. Every value may be a secret.
import { z } from 'zod';

const MAX_HEADERS = 32;
/** Servers refuse heads of more than 8 KiB or so. */
const MAX_VALUE_LENGTH = 4096;
/** The characters that RFC 9110 §16.3.2.1 asks new names to be made of, and the underscore, which some services use. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** Visible ASCII with spaces and tabs inside. Anything that ends a line would begin another field. */
const VALUE = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

/** What the transfer itself says about where a request goes and where it ends; a second word on that could hide a request in another. */
const framingFields: ReadonlySet<string> = new Set([
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

/** The value of one field. The message never shows it. */
export function headerValueField() {
  const error = `the value of a header must be 1 to ${MAX_VALUE_LENGTH} characters of visible ASCII, with spaces inside only`;
  return z.string({ error }).max(MAX_VALUE_LENGTH, { error }).regex(VALUE, { error });
}

/** Header fields by name. `value`: the schema of their values. Letter case makes no difference between two names. */
export function headersField<Value extends z.ZodType>(value: Value) {
  const error = ({ code }: { code?: string | undefined }): string =>
    code === 'invalid_key'
      ? 'headers must have names of 1 to 64 letters, digits, "-", "_" or ".", with a letter or digit in front'
      : 'headers must be an object of names and texts';
  return z.record(z.string().regex(NAME), value, { error }).superRefine((headers, context) => {
    const names = Object.keys(headers);
    const issue = (message: string, path: string[] = []) => context.addIssue({ code: 'custom', message, path });
    if (names.length > MAX_HEADERS) issue(`headers must be at most ${MAX_HEADERS}`);
    const seen = new Set<string>();
    for (const name of names) {
      const lower = name.toLowerCase();
      if (framingFields.has(lower)) issue(`headers must be without ${name}: the transfer sets it itself`, [name]);
      if (seen.has(lower)) issue(`headers must name ${name} once: letter case makes no difference`, [name]);
      seen.add(lower);
    }
  });
}
