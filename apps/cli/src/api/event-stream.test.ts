import { describe, expect, it } from 'vitest';
import { parseEventStream, type ServerSentEvent } from './event-stream.ts';

async function eventsOf(...reads: (string | Buffer)[]): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of parseEventStream(from(reads))) events.push(event);
  return events;
}

async function* from(reads: (string | Buffer)[]): AsyncGenerator<string | Buffer> {
  yield* reads;
}

describe('parseEventStream', () => {
  it('reads id, type and data, however the bytes are cut', async () => {
    const text =
      'id: 17-0\r\nevent: push_started\r\ndata: {"a":"größe"}\r\n\r\n: heartbeat\r\n\r\ndata: two\ndata:lines\n\n';
    const expected = [
      { id: '17-0', type: 'push_started', data: '{"a":"größe"}' },
      { id: '17-0', type: 'message', data: 'two\nlines' },
    ];
    const bytes = Buffer.from(text);
    expect(await eventsOf(bytes)).toEqual(expected);
    expect(await eventsOf(...[...bytes].map((byte) => Buffer.from([byte])))).toEqual(expected);
  });

  it('takes lines that end with CR alone', async () => {
    expect(await eventsOf('data: x\r\rdata: y\r\r', '\n')).toMatchObject([{ data: 'x' }, { data: 'y' }]);
  });

  it('drops an event that the end of the body has cut off', async () => {
    expect(await eventsOf('data: whole\n\ndata: half\n')).toMatchObject([{ data: 'whole' }]);
  });

  it('makes no event of comments and unknown fields', async () => {
    expect(await eventsOf(': ping\n\nretry: 100\n\nnonsense\n\n')).toEqual([]);
  });
});
