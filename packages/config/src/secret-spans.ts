// Where the secrets are, in one URL and in free text. Finding and masking are apart so that a caret can still point into a masked line.

/** A part of a text that must not be shown; `end` is exclusive. */
export interface SecretSpan {
  readonly start: number;
  readonly end: number;
  /** The last four characters may stay: enough for a person to tell two stream keys apart. */
  readonly keepTail: boolean;
}

/** Stream keys shorter than this are hidden whole: four of their characters would be a good part of them. */
const TAIL_FROM_LENGTH = 12;
/** More URLs than this in one run of text without a space is no list that a person wrote: all of it is hidden. */
const MAX_URLS_PER_RUN = 8;
const MAX_SCHEME_LENGTH = 32;

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
/** Schemes whose path names a place and no secret. Any other path, RTMP's or a mistyped one, ends with what may be a stream key. */
const OPEN_PATH = /^(?:https?|wss?|hlss?|tshttps?|m4[sf]s?|srt\d?|udp\d?|file|publish|rediss?):/i;
/** Name, IPv4 or `[IPv6]`, with the square brackets of placeholders such as `post.[HOSTNAME].net` allowed; then the port. */
const AUTHORITY = /^(?:\[[\p{L}\p{N}:.%_-]*\]|[\p{L}\p{N}._-])*(?::\d{0,5})?$/u;
const QUERY_NAME = /^[a-z_][\w.[\]-]{0,31}$/i;
/** Between the URLs of a joined list. */
const LIST_SEPARATOR = /["'`]?[,;|]["'`]?(?=[a-z][a-z0-9+.-]{0,31}:\/\/)/gi;
const MASKED_KEY = /^\*{3}.{0,4}$/;

/**
 * The secrets of one URL: userinfo, the stream key (last path segment) of an RTMP URL, every query value, the fragment. Text
 * that is not a URL is a secret as a whole, since nobody can say which part of it is harmless.
 */
export function urlSecrets(url: string): SecretSpan[] {
  const scheme = SCHEME.exec(url)?.[0];
  if (scheme === undefined) return spansOf([span(0, url.length)]);
  const start = scheme.length;
  const pathEnd = indexOfAny(url, /[?#]/g, start);
  if (url.slice(start, pathEnd).includes('://')) {
    return spansOf([span(start, pathEnd), ...tailSecrets(url, pathEnd)]);
  }

  const hasKey = !OPEN_PATH.test(scheme);
  const at = endOfUserinfo(url, start, hasKey);
  const host = at < 0 ? start : at + 1;
  const hostEnd = indexOfAny(url, /[/?#]/g, host);
  return spansOf([
    span(start, Math.max(at, start)),
    ...(AUTHORITY.test(url.slice(host, hostEnd)) ? [] : [span(host, hostEnd)]),
    ...(hasKey ? rtmpSecrets(url, hostEnd) : tailSecrets(url, indexOfAny(url, /[?#]/g, hostEnd))),
  ]);
}

/**
 * Index of the `@` that ends the userinfo, or -1. A password may hold an unencoded `/`, so it is the last `@` before the query, but an
 * `@` in the stream key of an RTMP URL belongs to the key (Akamai's `rtmp://host/app/event_1@37267`). When there is none and the part up
 * to the first slash cannot be a host (`user:pa` of `user:pa?ss@host`), it is the last `@` of all.
 */
function endOfUserinfo(url: string, start: number, hasKey: boolean): number {
  const authorityEnd = indexOfAny(url, /[/?#]/g, start);
  const pathEnd = indexOfAny(url, /[?#]/g, start);
  const limit = hasKey ? keyStart(url, authorityEnd, pathEnd) : pathEnd;
  const at = url.lastIndexOf('@', limit - 1);
  if (at >= start) return at;
  return AUTHORITY.test(url.slice(start, authorityEnd)) ? -1 : url.lastIndexOf('@');
}

/** Where the stream key of an RTMP path begins when application and key are told apart, else the end of the path. */
function keyStart(url: string, pathStart: number, pathEnd: number): number {
  const segments = withoutTrailing('/', url.slice(pathStart, pathEnd));
  const slash = segments.lastIndexOf('/');
  return slash > 0 ? pathStart + slash + 1 : pathEnd;
}

function rtmpSecrets(url: string, pathStart: number): SecretSpan[] {
  const pathEnd = indexOfAny(url, /[?#]/g, pathStart);
  const path = withoutTrailing('/', url.slice(pathStart, pathEnd));
  const slashInQuery = indexOfAny(url, /[/#]/g, pathEnd);
  if (path.lastIndexOf('/') === 0 && url[pathEnd] === '?' && url[slashInQuery] === '/') {
    // FMLE style, `live2?backup=1/KEY`: the query belongs to the application, the key comes after it.
    const keyEnd = indexOfAny(url, /[?#]/g, slashInQuery);
    return [
      ...tailSecrets(url.slice(0, slashInQuery), pathEnd),
      keySpan(url, slashInQuery + 1, keyEnd),
      ...tailSecrets(url, keyEnd),
    ];
  }
  const key = keySpan(url, pathStart + path.lastIndexOf('/') + 1, pathStart + path.length);
  return [...(path === '' ? [] : [key]), ...tailSecrets(url, pathEnd)];
}

/** An already masked key stays as it is, so that masking twice keeps the tail. */
function keySpan(url: string, start: number, end: number): SecretSpan {
  if (MASKED_KEY.test(url.slice(start, end))) return span(start, start);
  return { start, end, keepTail: end - start >= TAIL_FROM_LENGTH };
}

/** Query and fragment, from their `?` or `#` on. */
function tailSecrets(url: string, start: number): SecretSpan[] {
  const hash = indexOfAny(url, /#/g, start);
  const spans: SecretSpan[] = [span(Math.min(hash + 1, url.length), url.length)];
  if (url[start] !== '?') return spans;
  for (let from = start + 1; from < hash; ) {
    const to = Math.min(indexOfAny(url, /&/g, from), hash);
    const item = url.slice(from, to);
    const equals = item.indexOf('=');
    spans.push(isQueryName(item, equals) ? span(from + equals + 1, to) : span(from, to));
    from = to + 1;
  }
  return spans;
}

/** Whether what stands before `=` is a name. A bare token is not, nor is one whose `=` is the padding of base64. */
function isQueryName(item: string, equals: number): boolean {
  const name = item.slice(0, Math.max(equals, 0));
  const value = item.slice(equals + 1);
  const looksPadded = value === '=' || (value === '' && name.length > 16);
  return QUERY_NAME.test(name) && !looksPadded;
}

/**
 * The secrets of every URL inside free text. Text does not say where a URL ends, so each plausible end is tried and everything
 * that is a secret under any of them counts: too much may be hidden, too little not.
 */
export function textSecrets(text: string): SecretSpan[] {
  const spans: SecretSpan[] = [];
  let runEnd = 0;
  let urlsInRun = 0;
  for (let colon = text.indexOf('://'); colon >= 0; colon = text.indexOf('://', colon + 3)) {
    if (colon >= runEnd) {
      runEnd = indexOfAny(text, /\s/g, colon);
      urlsInRun = 0;
    }
    if (++urlsInRun > MAX_URLS_PER_RUN) {
      spans.push(span(colon + 3, runEnd));
      colon = runEnd;
      continue;
    }
    const start = startOfScheme(text, colon);
    if (start === colon) continue;
    for (const end of plausibleEnds(text, start, colon + 3, runEnd)) {
      for (const secret of urlSecrets(text.slice(start, end))) spans.push(shifted(secret, start));
    }
  }
  return spansOf([...spans, ...encodedUrls(text)]);
}

/** URLs as they stand in the query of another one: everything behind the scheme. */
function encodedUrls(text: string): SecretSpan[] {
  const spans: SecretSpan[] = [];
  const separator = /%3a%2f%2f/gi;
  while (separator.test(text)) {
    const start = separator.lastIndex;
    const end = indexOfAny(text, /[\s"'`<>&]/g, start);
    spans.push(span(start, end));
    separator.lastIndex = end;
  }
  return spans;
}

function startOfScheme(text: string, colon: number): number {
  const before = text.slice(Math.max(0, colon - MAX_SCHEME_LENGTH), colon);
  const scheme = /[a-z][a-z0-9+.-]*$/i.exec(before)?.[0] ?? '';
  return colon - scheme.length;
}

/** Where the URL that begins at `start` may end. `authority` is what follows its `://`, `runEnd` the next space. */
function plausibleEnds(text: string, start: number, authority: number, runEnd: number): Set<number> {
  const quote = /["'`]/.test(text[start - 1] ?? '') ? text[start - 1]! : '';
  const quoteEnd = quote === '' ? runEnd : closingQuote(text, start, quote);
  const whole = text.slice(start, Math.min(runEnd, quoteEnd));
  const listEnd = quote === '' ? indexOfAny(whole, LIST_SEPARATOR, authority - start) : whole.length;
  const run = withoutTrailing('.,;:!?)]}\'"`>', whole.slice(0, listEnd));
  const path = indexOfAny(run, /\//g, authority - start);
  const ends = [
    run.length,
    indexOfAny(run, /["'`<>]/g, authority - start),
    indexOfAny(run, /["'`<>,;|)\]}\\]/g, path),
    ...(quote === '' ? [] : [quoteEnd - start]),
  ];
  return new Set(ends.map((end) => start + end));
}

/** The quote that closes the string begun before `start`, escapes skipped, or the end of the line. */
function closingQuote(text: string, start: number, quote: string): number {
  let index = start;
  while (index < text.length && text[index] !== quote && text[index] !== '\n') index += text[index] === '\\' ? 2 : 1;
  return Math.min(index, text.length);
}

/** Every place where one of the `secrets` stands. */
export function knownSecrets(text: string, secrets: Iterable<string>): SecretSpan[] {
  const spans: SecretSpan[] = [];
  for (const secret of secrets) {
    if (secret === '') continue;
    for (let start = text.indexOf(secret); start >= 0; start = text.indexOf(secret, start + 1)) {
      spans.push(span(start, start + secret.length));
    }
  }
  return spans;
}

/** In order, without overlaps and empty spans. Parts that overlap differently lose their tail: it may be part of another secret. */
export function spansOf(spans: readonly SecretSpan[]): SecretSpan[] {
  const merged: SecretSpan[] = [];
  const sorted = spans.filter(({ start, end }) => start < end).sort((a, b) => a.start - b.start || b.end - a.end);
  for (const next of sorted) {
    const last = merged.at(-1);
    if (last === undefined || next.start >= last.end) merged.push(next);
    else if (last.start === next.start && last.end === next.end) {
      merged[merged.length - 1] = { ...last, keepTail: last.keepTail || next.keepTail };
    } else merged[merged.length - 1] = span(last.start, Math.max(last.end, next.end));
  }
  return merged;
}

/** `secret` of a text that stands `offset` characters into another one. */
export const shifted = ({ start, end, keepTail }: SecretSpan, offset: number): SecretSpan => ({
  start: start + offset,
  end: end + offset,
  keepTail,
});

export const span = (start: number, end: number): SecretSpan => ({ start, end, keepTail: false });

function indexOfAny(text: string, pattern: RegExp, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

/** Not with a regular expression, which would take quadratic time for hostile text. */
function withoutTrailing(chars: string, text: string): string {
  let end = text.length;
  while (end > 0 && chars.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}
