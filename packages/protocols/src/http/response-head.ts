// The head of a response. RFC 9112 §4 and §5.
import { MalformedError } from '../bytes/malformed-error.ts';

export interface ResponseHead {
  readonly status: number;
  /** As the server wrote it; often empty. */
  readonly reason: string;
  /** Values by lower-case name, in their order. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** Status line and fields together; servers keep to 8 KiB or so. */
const MAX_HEAD_BYTES = 32 * 1024;
/** `ICY 200 OK` is what old radio servers say. */
const STATUS_LINE = /^(?:HTTP\/1\.\d|ICY) ([1-5]\d\d)(?: (.*))?$/;
const FIELD_LINE = /^([^\s:]+)[ \t]*:(.*)$/;
const NOTHING = Buffer.alloc(0);

/** Takes a stream of bytes until a head is whole. */
export class ResponseHeadParser {
  #bytes: Buffer = NOTHING;

  /** The head and what came behind it, once it is there; then the parser is ready for the next one. Throws MalformedError. */
  push(bytes: Buffer): { head: ResponseHead; rest: Buffer } | undefined {
    const all = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    const start = endOfEmptyLines(all);
    const end = endOfHead(all, start);
    if (Math.max(end, 0) > MAX_HEAD_BYTES || (end < 0 && all.length > MAX_HEAD_BYTES)) {
      throw new MalformedError(`the head of the response is larger than ${MAX_HEAD_BYTES} bytes`, MAX_HEAD_BYTES);
    }
    if (end < 0) {
      refuseOtherProtocols(all.subarray(start));
      this.#bytes = all;
      return undefined;
    }
    this.#bytes = NOTHING;
    return { head: parseHead(all.toString('latin1', start, end)), rest: all.subarray(end) };
  }
}

/** All values of a field in one, RFC 9110 §5.3; undefined when the field is absent. */
export function fieldValue({ fields }: ResponseHead, name: string): string | undefined {
  return fields.get(name)?.join(', ');
}

/** `403 Forbidden`, without control characters. */
export function describeResponse({ status, reason }: ResponseHead): string {
  const text = reason
    .replaceAll(/[^\x20-\x7e]/g, '')
    .slice(0, 100)
    .trim();
  return text === '' ? String(status) : `${status} ${text}`;
}

function parseHead(text: string): ResponseHead {
  const [statusLine = '', ...lines] = text.replace(/(\r?\n)+$/, '').split(/\r?\n/);
  const parts = STATUS_LINE.exec(statusLine);
  if (parts === null) throw new MalformedError('the status line is none of HTTP/1');
  const [, status, reason = ''] = parts;
  const fields = new Map<string, string[]>();
  for (const [name, value] of joinFolded(lines).map(parseField)) {
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else values.push(value);
  }
  return { status: Number(status), reason: reason.trim(), fields };
}

function parseField(line: string): [name: string, value: string] {
  const parts = FIELD_LINE.exec(line);
  if (parts === null) throw new MalformedError('a line in the head of the response is no field');
  return [parts[1]!.toLowerCase(), parts[2]!.trim()];
}

/** obs-fold: a line that begins with a space goes on with the field before it. */
function joinFolded(lines: readonly string[]): string[] {
  const joined: string[] = [];
  for (const line of lines) {
    if (/^[ \t]/.test(line) && joined.length > 0) joined[joined.length - 1] += ` ${line.trim()}`;
    else joined.push(line);
  }
  return joined;
}

/** Some servers send an empty line too many between two responses. */
function endOfEmptyLines(bytes: Buffer): number {
  let offset = 0;
  while (bytes[offset] === 0x0d || bytes[offset] === 0x0a) offset += 1;
  return offset;
}

/** Behind the empty line; -1 when that has not come. A bare line feed ends a line too, RFC 9112 §2.2. */
function endOfHead(bytes: Buffer, start: number): number {
  for (let lineFeed = bytes.indexOf(0x0a, start); lineFeed >= 0; lineFeed = bytes.indexOf(0x0a, lineFeed + 1)) {
    if (bytes[lineFeed + 1] === 0x0a) return lineFeed + 2;
    if (bytes[lineFeed + 1] === 0x0d && bytes[lineFeed + 2] === 0x0a) return lineFeed + 3;
  }
  return -1;
}

/** A server of another protocol is known by its first bytes; no need to wait until it has said 32 KiB. */
function refuseOtherProtocols(bytes: Buffer): void {
  const begin = bytes.toString('latin1', 0, 4);
  if (!'HTTP'.startsWith(begin) && !'ICY '.startsWith(begin)) throw new MalformedError('the answer is no HTTP');
}
