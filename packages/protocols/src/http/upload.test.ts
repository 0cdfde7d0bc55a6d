import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DialOptions } from '../publisher/publisher.ts';
import { dial } from '../publisher/testing/dial.ts';
import { chunkOf, LAST_CHUNK } from './chunk.ts';
import { type RawPeer, type RawServer, response, startRawServer } from './testing/raw-server.ts';
import { openUpload, type Upload, type UploadOptions } from './upload.ts';
import { HTTP_SCHEMES, parseHttpUrl } from './url.ts';

const never = new AbortController().signal;
const HELLO = chunkOf(Buffer.from('hello'));

const servers: RawServer[] = [];
const uploads: Upload[] = [];
afterEach(async () => {
  for (const upload of uploads.splice(0)) upload.destroy();
  for (const server of servers) await vi.waitFor(() => expect(server.openSockets()).toBe(0));
  for (const server of servers.splice(0)) server.stop();
});

async function serve(script: (peer: RawPeer, round: number) => void): Promise<RawServer> {
  const server = await startRawServer((peer, round) => {
    peer.socket.on('end', () => peer.socket.end());
    script(peer, round);
  });
  servers.push(server);
  return server;
}

const targetOf = (url: string) => parseHttpUrl(url, { schemes: HTTP_SCHEMES, shape: 'http://HOST/PATH' });
async function upload(url: string, options: Partial<UploadOptions> = {}): Promise<Upload> {
  const fields = [['Content-Type', 'video/mp2t']] as const;
  const opened = await openUpload({
    target: targetOf(url),
    dial,
    signal: never,
    timeoutMs: 5000,
    fields,
    expect: false,
    ...options,
  });
  uploads.push(opened);
  return opened;
}
/** Scripts one server per test; `url` is its root without slash. */
async function urlOf(script: (peer: RawPeer, round: number) => void, login = ''): Promise<string> {
  const { port } = await serve(script);
  return `http://${login}127.0.0.1:${port}`;
}
const linesOf = ({ head }: RawPeer) => head.trimEnd().split('\r\n');
const fieldOf = (peer: RawPeer | undefined, name: string) =>
  linesOf(peer!)
    .find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `))
    ?.slice(name.length + 2);

describe('the head of an upload', () => {
  it('asks for the path byte for byte, chunked, with the fields of the protocol', async () => {
    const url = await urlOf(({ say }) => say(response('200 OK')));
    await upload(`${url}/live%2Fa//b?key=a+b&x=%41`);
    expect(linesOf(servers[0]!.peers[0]!)).toEqual([
      'POST /live%2Fa//b?key=a+b&x=%41 HTTP/1.1',
      `Host: 127.0.0.1:${servers[0]!.port}`,
      'User-Agent: Pushfleet',
      'Content-Type: video/mp2t',
      'Transfer-Encoding: chunked',
    ]);
  });

  it('takes fields of the push, but none that changes the framing', async () => {
    const url = await urlOf(({ say }) => say(response('200 OK')));
    const headers = {
      'user-agent': 'Mine/1',
      'X-Key': 'k',
      'Content-Length': '5',
      'transfer-encoding': 'identity',
      Host: 'other',
      'X-Evil': 'a\r\nX-More: b',
      'Bad Name': 'x',
    };
    await upload(`${url}/s`, { method: 'PUT', headers });
    expect(linesOf(servers[0]!.peers[0]!)).toEqual([
      'PUT /s HTTP/1.1',
      `Host: 127.0.0.1:${servers[0]!.port}`,
      'Content-Type: video/mp2t',
      'Transfer-Encoding: chunked',
      'user-agent: Mine/1',
      'X-Key: k',
    ]);
  });
});

describe('acceptance', () => {
  it('is an early 2xx, and what the server says then is not read', async () => {
    const url = await urlOf(({ say, socket }) => {
      say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nthis is no chunk\r\n');
      socket.on('data', () => say('HTTP/1.1 500 Nonsense\r\n\r\n'));
    });
    const { socket, failure } = await upload(`${url}/s`);
    socket.write(HELLO);
    await vi.waitFor(() => expect(servers[0]!.peers[0]!.body().toString()).toBe('5\r\nhello\r\n'));
    expect(await Promise.race([failure, Promise.resolve('none')])).toBe('none');
  });

  it('is silence in time, when the server was not asked', async () => {
    const url = await urlOf(() => {});
    const since = performance.now();
    const { acceptedAtMs } = await upload(`${url}/s`);
    expect(acceptedAtMs - since).toBeGreaterThan(200);
    expect(acceptedAtMs - since).toBeLessThan(2_500); // half of the timeout
  });

  it('is 100 Continue, when it was asked', async () => {
    const url = await urlOf(({ say }) => say('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'));
    const since = performance.now();
    await upload(`${url}/s`, { expect: true });
    expect(performance.now() - since).toBeLessThan(900); // of the second of silence
    expect(fieldOf(servers[0]!.peers[0], 'Expect')).toBe('100-continue');
  });

  it('is silence for a second, for servers that know nothing of Expect', async () => {
    const url = await urlOf(() => {});
    const since = performance.now();
    await upload(`${url}/s`, { expect: true });
    expect(performance.now() - since).toBeGreaterThan(900);
  });

  it('does not take longer than half of a short connect_timeout', async () => {
    const url = await urlOf(() => {});
    await upload(`${url}/s`, { expect: true, timeoutMs: 200 });
  });

  it('is tried again without Expect where that fails', async () => {
    const url = await urlOf(({ say }, round) => say(response(round === 0 ? '417 Expectation Failed' : '200 OK')));
    await upload(`${url}/s`, { expect: true });
    expect(servers[0]!.peers.map((peer) => fieldOf(peer, 'Expect'))).toEqual(['100-continue', undefined]);
  });
});

describe('a refusal', () => {
  it.each([
    ['401 Unauthorized', 'http_401'],
    ['403 Forbidden', 'http_403'],
    ['404 Not Found', 'http_404'],
    ['409 Conflict', 'http_409'],
    ['411 Length Required', 'http_411'],
    ['415 Unsupported Media Type', 'http_4xx'],
    ['417 Expectation Failed', 'http_4xx'],
    ['500 Internal Server Error', 'http_5xx'],
    ['503 Busy', 'http_5xx'],
    ['304 Not Modified', 'protocol_violation'],
    ['101 Switching Protocols', 'protocol_violation'],
  ])('%s is %s', async (status, code) => {
    const url = await urlOf(({ say }) => say(response(status)));
    const error = await upload(`${url}/s`).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code });
    if (!status.startsWith('101')) expect(error).toMatchObject({ detail: status });
  });

  it('is a close before any answer, in order or not', async () => {
    const url = await urlOf(({ socket }, round) => (round === 0 ? socket.end() : socket.resetAndDestroy()));
    await expect(upload(`${url}/s`)).rejects.toMatchObject({ code: 'target_closed', detail: 'before it answered' });
    await expect(upload(`${url}/s`)).rejects.toMatchObject({
      code: 'target_closed',
      detail: 'ECONNRESET before it answered',
    });
  });

  it('is an answer that is no HTTP', async () => {
    const url = await urlOf(({ say }) => say('SSH-2.0-OpenSSH_9.2\r\n'));
    await expect(upload(`${url}/s`)).rejects.toMatchObject({ code: 'protocol_violation' });
  });

  it.each([
    ['403 Forbidden', 'http_403', '403 Forbidden'],
    ['503 Busy', 'http_5xx', '503 Busy'],
    ['302 Found', 'target_closed', '302 Found after the body had begun'],
  ])('%s in the middle of the body ends it as %s', async (status, code, detail) => {
    const url = await urlOf(({ say, socket }) => {
      say('HTTP/1.1 100 Continue\r\n\r\n');
      socket.once('data', () => say(response(status, 'Location: /elsewhere')));
    });
    const { socket, failure } = await upload(`${url}/s`, { expect: true });
    socket.write(HELLO);
    expect(await failure).toMatchObject({ code, detail });
    expect(socket.destroyed).toBe(true);
  });

  it('is a close in the middle of the body, with what was said before', async () => {
    const url = await urlOf(({ say, socket }, round) => {
      say(response(round === 0 ? '200 OK' : '204 No Content'));
      socket.once('data', () => (round === 0 ? socket.end() : socket.resetAndDestroy()));
    });
    for (const detail of ['after 200 OK', 'ECONNRESET after 204 No Content']) {
      const { socket, failure } = await upload(`${url}/s`);
      socket.write(HELLO);
      expect(await failure).toMatchObject({ code: 'target_closed', detail });
    }
  });
});

describe('a redirect', () => {
  const moved = (location: string, status = '302 Found') => response(status, `Location: ${location}`);

  it.each(['301 Moved', '302 Found', '303 See Other', '307 Temporary Redirect', '308 Permanent Redirect'])(
    '%s is followed with the method kept',
    async (status) => {
      const url = await urlOf(({ say }, round) => say(round === 0 ? moved('/there', status) : response('200 OK')));
      await upload(`${url}/here`);
      expect(linesOf(servers[0]!.peers[1]!)[0]).toBe('POST /there HTTP/1.1');
    },
  );

  it.each([
    ['/abs?q', '/abs?q'],
    ['rel', '/a/rel'],
    ['../up', '/up'],
    ['?only=query', '/a/b?only=query'],
    ['//127.0.0.1:PORT/net%2Fwork', '/net%2Fwork'],
    ['http://127.0.0.1:PORT/full#fragment', '/full'],
    ['tshttp://127.0.0.1:PORT/ts', '/ts'],
    ['m4s://127.0.0.1:PORT', '/'],
    ['/gr\u00c3\u00b6\u00c3\u009fe', '/gr%C3%B6%C3%9Fe'], // bytes of UTF-8
  ])('to %s goes to %s', async (location, path) => {
    const server = await serve(({ say }, round) =>
      say(round === 0 ? moved(location.replace('PORT', String(server.port))) : response('200 OK')),
    );
    await upload(`http://127.0.0.1:${server.port}/a/b?c`);
    expect(linesOf(server.peers[1]!)[0]).toBe(`POST ${path} HTTP/1.1`);
  });

  it('is followed five times and not six times', async () => {
    const url = await urlOf(({ say, head }, round) =>
      say(
        head.includes('/short') && round === 5
          ? response('200 OK')
          : moved(`/${head.includes('/short') ? 'short' : 'long'}${round}`),
      ),
    );
    await upload(`${url}/short`);
    expect(servers[0]!.peers).toHaveLength(6);
    await expect(upload(`${url}/long`)).rejects.toMatchObject({ code: 'redirect_limit' });
    expect(servers[0]!.peers).toHaveLength(12);
  });

  it('in a circle is told from one that is too long', async () => {
    const url = await urlOf(({ say, head }) => say(moved(head.startsWith('POST /a ') ? '/b' : '/a')));
    await expect(upload(`${url}/a`)).rejects.toMatchObject({
      code: 'redirect_loop',
      detail: `302 Found to 127.0.0.1:${servers[0]!.port}`,
    });
    expect(servers[0]!.peers).toHaveLength(2);
  });

  it.each([
    ['ftp://h/', 'something that is no URL of HTTP'],
    ['http://', 'something that is no URL of HTTP'],
    ['/a b', 'something that is no URL of HTTP'],
    ['\\\\[', 'something that is no URL of HTTP'],
    [undefined, 'without a Location'],
  ])('to %s is refused', async (location, detail) => {
    const url = await urlOf(({ say }) => say(location === undefined ? response('302 Found') : moved(location)));
    await expect(upload(`${url}/s`)).rejects.toMatchObject({
      code: 'redirect_refused',
      detail: expect.stringContaining(detail),
    });
  });

  it('is followed even right behind an invitation, as nginx sends it', async () => {
    const url = await urlOf(({ say }, round) => {
      say('HTTP/1.1 100 Continue\r\n\r\n');
      if (round === 0) setTimeout(() => say(moved('/there')), 5);
    });
    const { acceptedAtMs } = await upload(`${url}/s`, { expect: true });
    expect(acceptedAtMs).toBeGreaterThan(0);
    expect(linesOf(servers[0]!.peers[1]!)[0]).toBe('POST /there HTTP/1.1');
  });

  it('tells the dial that a peer has chosen the address', async () => {
    const url = await urlOf(({ say }, round) => say(round === 0 ? moved('/there') : response('200 OK')));
    const dialled: (boolean | undefined)[] = [];
    const watch = (options: DialOptions) => {
      dialled.push(options.redirected);
      return dial(options);
    };
    await upload(`${url}/s`, { dial: watch });
    expect(dialled).toEqual([false, true]);
  });

  it('from TLS to plain HTTP is refused', async () => {
    const url = await urlOf(({ say }) => say(moved('http://127.0.0.1/s')));
    const asked: DialOptions['tls'][] = [];
    const strip = ({ tls, ...options }: DialOptions) => {
      asked.push(tls);
      return dial({ ...options, host: '127.0.0.1' });
    };
    await expect(
      upload(`${url.replace('http://127.0.0.1', 'https://localhost')}/s`, { dial: strip }),
    ).rejects.toMatchObject({
      code: 'redirect_refused',
      detail: expect.stringContaining('without TLS'),
    });
    expect(asked).toEqual([{ verify: true, servername: 'localhost' }]);
  });

  it('shows no secret to another host', async () => {
    const other = await serve(({ say }) => say(response('401 Unauthorized', 'WWW-Authenticate: Basic realm="x"')));
    const url = await urlOf(
      ({ say }, round) =>
        say(
          round === 0
            ? response('401 Unauthorized', 'WWW-Authenticate: Basic realm="x"')
            : moved(`http://127.0.0.1:${other.port}/s`),
        ),
      'me:secret@',
    );
    const headers = { 'X-Key': 'secret', Authorization: 'Bearer secret', Cookie: 'secret', 'User-Agent': 'Mine' };
    await expect(upload(`${url}/s`, { headers: { 'X-Key': 'secret' } })).rejects.toMatchObject({
      code: 'http_401',
      detail: expect.stringContaining('not told the login'),
    });
    await expect(upload(`${url}/s`, { headers })).rejects.toMatchObject({ code: 'http_401' });
    expect(other.peers).toHaveLength(2);
    for (const { head } of other.peers) {
      expect(head).not.toMatch(/secret/);
      expect(head).not.toContain(Buffer.from('me:secret').toString('base64'));
    }
    expect(fieldOf(other.peers[1], 'User-Agent')).toBe('Mine');
  });

  it('brings its own login along', async () => {
    const other = await serve(({ say }, round) =>
      say(round === 0 ? response('401 Unauthorized', 'WWW-Authenticate: Basic realm="x"') : response('200 OK')),
    );
    const url = await urlOf(({ say }) => say(moved(`http://you:there@127.0.0.1:${other.port}/s`)), 'me:here@');
    await upload(`${url}/s`);
    expect(fieldOf(other.peers[1], 'Authorization')).toBe(`Basic ${Buffer.from('you:there').toString('base64')}`);
  });
});

describe('a login', () => {
  const challenge = (value: string) => response('401 Unauthorized', `WWW-Authenticate: ${value}`);

  it('is asked for before the body goes out, and given on the next connection', async () => {
    const url = await urlOf(
      ({ say }, round) => say(round === 0 ? challenge('Basic realm="x"') : 'HTTP/1.1 100 Continue\r\n\r\n'),
      'me:secret@',
    );
    await upload(`${url}/s`, { expect: true });
    const [first, second] = servers[0]!.peers;
    expect([fieldOf(first, 'Expect'), fieldOf(first, 'Authorization')]).toEqual(['100-continue', undefined]);
    expect(fieldOf(second, 'Authorization')).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`);
  });

  it.each([
    ['with the same question', () => 'Digest realm="x", nonce="a"', 2],
    ['with stale nonces for ever', (round: number) => `Digest realm="x", nonce="${round}", stale=true`, 4],
  ])('that is refused %s is given up', async (_, value, connections) => {
    const url = await urlOf(({ say }, round) => say(challenge(value(round))), 'me:secret@');
    await expect(upload(`${url}/s`)).rejects.toMatchObject({ code: 'http_401', detail: '401 Unauthorized' });
    expect(servers[0]!.peers).toHaveLength(connections);
  });

  it('goes along with a redirect on the same host', async () => {
    const url = await urlOf(({ say }, round) => {
      if (round === 0) say(challenge('Basic realm="x"'));
      else say(round === 1 ? response('307 Temporary Redirect', 'Location: /there') : response('200 OK'));
    }, 'me:secret@');
    await upload(`${url}/s`);
    expect(servers[0]!.peers.map((peer) => fieldOf(peer, 'Authorization') !== undefined)).toEqual([false, true, true]);
  });
});

describe('the end of an upload', () => {
  it('says the last chunk and waits for the answer before it closes', async () => {
    const events: string[] = [];
    const url = await urlOf(({ say, socket, body }) => {
      socket.on('end', () => events.push('FIN'));
      socket.on('data', () => {
        if (!body().toString().endsWith('0\r\n\r\n')) return;
        events.push('answer');
        say(response('201 Created'));
      });
    });
    const opened = await upload(`${url}/s`);
    opened.socket.write(HELLO);
    await opened.finish(LAST_CHUNK, 1000);
    expect(events).toEqual(['answer', 'FIN']);
    expect(servers[0]!.peers[0]!.body().toString()).toBe('5\r\nhello\r\n0\r\n\r\n');
    const { head, body } = servers[0]!.peers[0]!;
    expect(opened.bytesSent).toBe(head.length + body().length);
  });

  it('does not wait for ever, neither for an answer nor for a close', async () => {
    const server = await startRawServer(() => {});
    servers.push(server);
    const opened = await upload(`http://127.0.0.1:${server.port}/s`);
    const since = performance.now();
    await opened.finish(LAST_CHUNK, 200);
    expect(performance.now() - since).toBeLessThan(5_000);
    server.stop();
  });
});

describe('openUpload', () => {
  it('waits no longer than its timeout, and says for what', async () => {
    const hang = ({ signal }: DialOptions) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await expect(upload('http://127.0.0.1/s', { timeoutMs: 100, dial: hang })).rejects.toMatchObject({
      code: 'connect_timeout',
      detail: 'no connection yet',
    });
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const url = await urlOf(() => stop.abort(new Error('enough')));
    await expect(upload(`${url}/s`, { signal: stop.signal })).rejects.toThrow('enough');
  });

  it('leaves no timer behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
    const url = await urlOf(({ say }, round) => say(response(round === 0 ? '403 Forbidden' : '200 OK')));
    const before = timers();
    await upload(`${url}/s`).catch(() => {});
    const opened = await upload(`${url}/s`);
    await opened.finish(LAST_CHUNK, 1000);
    expect(timers()).toBeLessThanOrEqual(before);
  });
});
