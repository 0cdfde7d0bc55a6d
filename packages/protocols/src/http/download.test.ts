import { afterEach, describe, expect, it, vi } from 'vitest';
import { MalformedError } from '../bytes/malformed-error.ts';
import { dial } from '../publisher/testing/dial.ts';
import { type Download, type DownloadOptions, openDownload } from './download.ts';
import { type RawPeer, type RawServer, response, startRawServer } from './testing/raw-server.ts';
import { HTTP_SCHEMES, parseHttpUrl } from './url.ts';

const never = new AbortController().signal;
let server: RawServer;
afterEach(async () => {
  await vi.waitFor(() => expect(server.openSockets()).toBe(0));
  server.stop();
});

/** Gets a resource from a server with this script. */
async function get(script: (peer: RawPeer, round: number) => void, options: Partial<DownloadOptions> = {}) {
  server = await startRawServer((peer, round) => {
    peer.socket.on('end', () => peer.socket.end());
    script(peer, round);
  });
  let text = '';
  const download: Download = await openDownload({
    target: parseHttpUrl(`http://me:secret@127.0.0.1:${server.port}/a?b`, {
      schemes: HTTP_SCHEMES,
      shape: 'http://HOST',
    }),
    dial,
    signal: never,
    timeoutMs: 5000,
    onBytes: (bytes) => {
      text += bytes.toString('latin1');
    },
    ...options,
  });
  return { download, text: () => text };
}

describe('openDownload', () => {
  it.each([
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', false],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n', false],
    ['the end of the connection', 'HTTP/1.0 200 OK\r\n\r\nhello', true],
    ['ICY', 'ICY 200 OK\r\nicy-name: radio\r\n\r\nhello', true],
    ['206 Partial Content', 'HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhello', false],
  ])('delivers a body with %s', async (_, answer, closes) => {
    const { download, text } = await get(({ say, socket }) => {
      say(answer);
      if (closes) socket.end();
    });
    await download.ended;
    expect(text()).toBe('hello');
    expect(server.peers[0]!.head.split('\r\n')).toEqual([
      'GET /a?b HTTP/1.1',
      `Host: 127.0.0.1:${server.port}`,
      'User-Agent: Pushfleet',
      'Accept: */*',
      'Connection: close',
      '',
      '',
    ]);
  });

  it('ends at once when there is no body', async () => {
    const { download } = await get(({ say }) => say(response('200 OK')));
    await download.ended;
  });

  it('follows redirects and logs in', async () => {
    const { download, text } = await get(({ say }, round) => {
      if (round === 0) say(response('302 Found', 'Location: /there'));
      else if (round === 1) say(response('401 Unauthorized', 'WWW-Authenticate: Basic realm="x"'));
      else say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    await download.ended;
    expect(text()).toBe('ok');
    expect(server.peers.map(({ head }) => head.split(' ')[1])).toEqual(['/a?b', '/there', '/there']);
  });

  it.each([
    ['in order', 'the length', 'Content-Length: 9', 'before the body was complete'],
    ['in order', 'the last chunk', 'Transfer-Encoding: chunked', 'before the body was complete'],
    ['by a reset', 'any end', 'X: y', 'ECONNRESET before the body was complete'],
  ])('says that a body was cut off when the connection ends %s before %s', async (how, _, field, detail) => {
    const { download, text } = await get(({ say, socket }) => {
      say(`HTTP/1.1 200 OK\r\n${field}\r\n\r\n1\r\na\r\n`);
      if (how === 'in order') socket.end();
    });
    if (how === 'by a reset') {
      await vi.waitFor(() => expect(text()).not.toBe(''));
      server.peers[0]!.socket.resetAndDestroy();
    }
    await expect(download.ended).rejects.toMatchObject({ code: 'source_lost', detail });
  });

  it.each([
    ['404 Not Found', 'http_404'],
    ['503 Busy', 'http_5xx'],
  ])('is refused with %s', async (status, code) => {
    await expect(get(({ say }) => say(response(status)))).rejects.toMatchObject({ code, detail: status });
  });

  it('is refused by a close', async () => {
    await expect(get(({ socket }) => socket.end())).rejects.toMatchObject({
      code: 'target_closed',
      detail: 'before it answered',
    });
  });

  it('waits no longer than its timeout for an answer', async () => {
    await expect(get(() => {}, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'connect_timeout',
      detail: 'no answer to GET',
    });
  });

  it.each([
    ['is malformed', new MalformedError('bad'), { code: 'protocol_violation' }],
    ['meets a mistake of ours', new TypeError('oops'), { code: 'internal', detail: 'oops' }],
  ])('ends when the body %s', async (_, thrown, failure) => {
    const onBytes = () => {
      throw thrown;
    };
    const { download } = await get(
      ({ say }) => {
        say('HTTP/1.1 200 OK\r\n\r\n');
        setImmediate(() => say('body'));
      },
      { onBytes },
    );
    await expect(download.ended).rejects.toMatchObject(failure);
  });

  it('stops when it is told to, before the answer and after it', async () => {
    const early = new AbortController();
    await expect(get(() => early.abort(new Error('enough')), { signal: early.signal })).rejects.toThrow('enough');
    server.stop();
    const late = new AbortController();
    const { download } = await get(({ say }) => say('HTTP/1.1 200 OK\r\n\r\nhello'), { signal: late.signal });
    late.abort(new Error('enough'));
    await expect(download.ended).rejects.toThrow('enough');
  });
});
