// The redactor: the one place that decides what of a URL and of header fields may be shown, in logs, errors, events, API answers and Bull Board.
import { knownSecrets, type SecretSpan, spansOf, textSecrets, urlSecrets } from './secret-spans.ts';

/** What stands where a secret was. */
export const MASK = '***';
const TAIL_LENGTH = 4;
/** Parts shorter than this are hidden in their URL but not searched for elsewhere: that would shred any text. */
const MIN_KNOWN_SECRET_LENGTH = 4;

type Headers = Readonly<Record<string, string>>;

/**
 * A URL fit to be shown: `rtmp://***@host/app/***4f2a`. Hidden are userinfo, the stream key of an RTMP URL (its last four characters stay
 * when it has at least twelve), every query value and the fragment. Paths of other protocols are shown. Text that is no URL
 * becomes `***`. Redacting twice changes nothing.
 */
export function redactUrl(url: string): string {
  return maskSpans(url, urlSecrets(url));
}

/** Header fields fit to be shown: names only. */
export function redactHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.keys(headers).map((name) => [name, MASK]));
}

/** Free text fit to be shown: every known secret and the secrets of every URL in it are masked. */
export function redactText(text: string, secrets: Iterable<string> = []): string {
  return maskSpans(text, spansOf([...knownSecrets(text, secrets), ...textSecrets(text)]));
}

/**
 * What must never be seen of a push to `url` with these header fields, longest first: each secret part as it stands, percent-decoded and
 * percent-encoded, and the login as a Basic header carries it. User names that come with a password are hidden in the URL only: words
 * like `admin` are no secrets.
 */
export function secretsOf(url: string, headers: Headers = {}): string[] {
  const secrets = new Set(Object.values(headers).flatMap(headerSecrets));
  for (const { start, end } of urlSecrets(url)) {
    const part = url.slice(start, end);
    const isLogin = url[end] === '@' && part.includes(':');
    for (const form of formsOf(part)) secrets.add(form);
    if (!isLogin) continue;
    secrets.add(Buffer.from(percentDecoded(part)).toString('base64'));
    for (const form of formsOf(part.slice(part.indexOf(':') + 1))) secrets.add(form);
  }
  return [...secrets].filter(isWorthSearching).sort((a, b) => b.length - a.length);
}

/** A redactor that also knows the secrets of `urls` and header fields when they stand alone, as in what a peer echoes. */
export function redactor(urls: Iterable<string>, headers: Headers = {}): (text: string) => string {
  const secrets = new Set([...secretsOf('', headers), ...[...urls].flatMap((url) => secretsOf(url))]);
  return (text) => redactText(text, secrets);
}

/** `text` with each span masked. The spans are in order and do not overlap. */
export function maskSpans(text: string, spans: readonly SecretSpan[]): string {
  let masked = '';
  let shown = 0;
  for (const span of spans) {
    masked += text.slice(shown, span.start) + maskOf(text, span);
    shown = span.end;
  }
  return masked + text.slice(shown);
}

/** Where the character at `offset` of `text` stands after `maskSpans`; inside a span it is the start of the mask. */
export function maskedOffset(text: string, spans: readonly SecretSpan[], offset: number): number {
  let shift = 0;
  for (const span of spans) {
    if (offset < span.end) return Math.min(offset, span.start) + shift;
    shift += maskOf(text, span).length - (span.end - span.start);
  }
  return offset + shift;
}

const maskOf = (text: string, { end, keepTail }: SecretSpan): string =>
  keepTail ? MASK + text.slice(end - TAIL_LENGTH, end) : MASK;

/** A whole value, and what it is worth without its scheme: `Bearer TOKEN`, or `Basic` with a login in base64. */
function headerSecrets(value: string): string[] {
  const [, scheme = '', credentials = ''] = /^([A-Za-z][\w.-]*)[ \t]+(\S.*)$/.exec(value) ?? [];
  if (scheme.toLowerCase() !== 'basic') return [...formsOf(value), ...formsOf(credentials)];
  const login = Buffer.from(credentials, 'base64').toString();
  return [value, credentials, login, login.slice(login.indexOf(':') + 1)].flatMap(formsOf);
}

function formsOf(part: string): string[] {
  const decoded = percentDecoded(part);
  return [part, decoded, percentEncoded(decoded)];
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function percentEncoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
}

const isWorthSearching = (secret: string): boolean =>
  secret.length >= MIN_KNOWN_SECRET_LENGTH && !secret.startsWith(MASK);
