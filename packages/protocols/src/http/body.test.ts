import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../bytes/malformed-error.ts';
import { type Body, bodyOf } from './body.ts';
import { ResponseHeadParser } from './response-head.ts';

function bodyFor(fields: string, status = 200): { body: Body; text: () => string } {
  const { head } = new ResponseHeadParser().push(Buffer.from(`HTTP/1.1 ${status} OK\r\n${fields}\r\n`))!;
  let text = '';
  return { body: bodyOf(head, (bytes) => (text += bytes.toString('latin1'))), text: () => text };
}
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

describe('bodyOf', () => {
  it('ends a body after its Content-Length', () => {
    const { body, text } = bodyFor('Content-Length: 5\r\n');
    expect(body.push(Buffer.from('he'))).toBe(2);
    expect(body.isComplete).toBe(false);
    expect(body.push(Buffer.from('llo world'))).toBe(3);
    expect([text(), body.isComplete]).toEqual(['hello', true]);
  });

  it('goes on until the connection ends when nothing says where the body does', () => {
    const { body, text } = bodyFor('');
    body.push(Buffer.from('hello'));
    expect([text(), body.isComplete, body.endsWithConnection]).toEqual(['hello', false, true]);
  });

  it('knows that some responses have none', () => {
    expect(bodyFor(CHUNKED, 204).body.isComplete).toBe(true);
    expect(bodyFor('Content-Length: 0\r\n').body.isComplete).toBe(true);
  });

  it('takes chunks apart, whatever the pieces', () => {
    const wire = '5\r\nhello\r\n00A ;name="x"\r\n0123456789\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\nbehind';
    for (let pieceBytes = 1; pieceBytes <= wire.length; pieceBytes++) {
      const { body, text } = bodyFor(CHUNKED);
      let taken = 0;
      for (let offset = 0; offset < wire.length; offset += pieceBytes) {
        taken += body.push(Buffer.from(wire.slice(offset, offset + pieceBytes)));
      }
      expect([text(), body.isComplete, wire.length - taken]).toEqual(['hello0123456789!', true, 'behind'.length]);
    }
  });

  it.each([
    [CHUNKED, 'x\r\n', 'size of a chunk'],
    [CHUNKED, '-5\r\n', 'size of a chunk'],
    [CHUNKED, 'fffffffffffff\r\n', 'size of a chunk'],
    [CHUNKED, '1\r\nab\r\n', 'longer than it said'],
    [CHUNKED, 'f'.repeat(5000), 'longer than 4096'],
    [CHUNKED, `0\r\n${`A: ${'a'.repeat(1000)}\r\n`.repeat(40)}`, 'no end'],
    ['Transfer-Encoding: gzip, chunked\r\n', '', 'not "chunked"'],
    ['Content-Length: x\r\n', '', 'no number'],
    ['Content-Length: 1\r\nContent-Length: 2\r\n', '', 'no number'],
  ])('refuses %j with %.20j', (fields, wire, message) => {
    const read = () => bodyFor(fields).body.push(Buffer.from(wire));
    expect(read).toThrow(MalformedError);
    expect(read).toThrow(message);
  });

  it('throws nothing but MalformedError at chunks', () => {
    const part = fc.oneof(
      fc.uint8Array(),
      fc.constantFrom(...['\r\n', '0', '5', 'hello', '0\r\n\r\n'].map((text) => Buffer.from(text))),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const { body } = bodyFor(CHUNKED);
        try {
          for (const bytes of parts) body.push(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});
