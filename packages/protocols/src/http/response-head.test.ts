import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../bytes/malformed-error.ts';
import { describeResponse, fieldValue, type ResponseHead, ResponseHeadParser } from './response-head.ts';

const parse = (text: string): ResponseHead => new ResponseHeadParser().push(Buffer.from(text, 'latin1'))!.head;

describe('ResponseHeadParser', () => {
  it('reads status, reason and fields, whatever the pieces', () => {
    const text =
      'HTTP/1.1 401 Unauthorized\r\nServer: x\r\nWWW-Authenticate: Basic realm="a"\r\nwww-authenticate:Digest nonce=b \r\n\r\nrest';
    for (let pieceBytes = 1; pieceBytes < text.length; pieceBytes++) {
      const parser = new ResponseHeadParser();
      let parsed: ReturnType<ResponseHeadParser['push']>;
      let offset = 0;
      for (; parsed === undefined; offset += pieceBytes) {
        parsed = parser.push(Buffer.from(text.slice(offset, offset + pieceBytes)));
      }
      expect(parsed.head).toMatchObject({ status: 401, reason: 'Unauthorized' });
      expect(parsed.head.fields.get('www-authenticate')).toEqual(['Basic realm="a"', 'Digest nonce=b']);
      expect(`${parsed.rest}${text.slice(offset)}`).toBe('rest');
    }
  });

  it('reads one head after the other', () => {
    const parser = new ResponseHeadParser();
    const first = parser.push(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody'))!;
    expect(first.head.status).toBe(100);
    const second = parser.push(first.rest)!;
    expect(second.head.status).toBe(200);
    expect(second.rest.toString()).toBe('body');
  });

  it.each([
    ['HTTP/1.0 200 OK\r\n\r\n', 200],
    ['HTTP/1.1 200\r\n\r\n', 200],
    ['HTTP/1.1 200 \r\n\r\n', 200],
    ['ICY 200 OK\r\nicy-name: x\r\n\r\n', 200],
    ['HTTP/1.1 404 Not Found\nServer: bare line feeds\n\n', 404],
    ['\r\nHTTP/1.1 503 Busy\r\n\r\n', 503],
  ])('understands %j', (text, status) => {
    expect(parse(text).status).toBe(status);
  });

  it('joins folded lines and repeated fields', () => {
    const head = parse('HTTP/1.1 200 OK\r\nA: 1\r\n  2\r\na: 3\r\n\r\n');
    expect(fieldValue(head, 'a')).toBe('1 2, 3');
    expect(fieldValue(head, 'b')).toBeUndefined();
  });

  it.each([
    ['220 mail.example ESMTP\r\n', 'no HTTP'],
    ['\x03\x00\x00', 'no HTTP'],
    ['HTTP/2 200 OK\r\n\r\n', 'status line'],
    ['HTTP/1.1 999 What\r\n\r\n', 'status line'],
    ['HTTP/1.1 200 OK\r\nno field\r\n\r\n', 'no field'],
    [`HTTP/1.1 200 OK\r\nA: ${'a'.repeat(40_000)}`, 'larger than 32768'],
    [`HTTP/1.1 200 OK\r\nA: ${'a'.repeat(40_000)}\r\n\r\n`, 'larger than 32768'],
    ['\r\n'.repeat(20_000), 'larger than 32768'],
  ])('refuses %.40j', (text, message) => {
    expect(() => parse(text)).toThrow(MalformedError);
    expect(() => parse(text)).toThrow(message);
  });

  it('throws nothing but MalformedError', () => {
    const noise = fc.oneof(
      fc.uint8Array(),
      fc.constantFrom(...['HTTP/1.1 200 OK', '\r\n', ': ', '\n', ' '].map((text) => Buffer.from(text))),
    );
    fc.assert(
      fc.property(fc.array(noise), (parts) => {
        const parser = new ResponseHeadParser();
        try {
          for (const part of parts) parser.push(Buffer.from(part));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

it('describes a response without what could disturb a terminal', () => {
  expect(describeResponse(parse('HTTP/1.1 403 Go\x1b[31m away\r\n\r\n'))).toBe('403 Go[31m away');
  expect(describeResponse(parse('HTTP/1.1 403\r\n\r\n'))).toBe('403');
});
