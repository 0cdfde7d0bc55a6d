// Logins judged by programs that we did not write: Apache as a server, curl as another client.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dial } from '../publisher/testing/dial.ts';
import { run } from '../publisher/testing/programs.ts';
import { authorizationFor } from './auth.ts';
import { parseChallenges } from './challenge.ts';
import { chunkOf, LAST_CHUNK } from './chunk.ts';
import { type Apache, startApache } from './testing/apache.ts';
import { response, startRawServer } from './testing/raw-server.ts';
import { openUpload, type Upload } from './upload.ts';
import { HTTP_SCHEMES, parseHttpUrl } from './url.ts';

const never = new AbortController().signal;

describe('Apache with mod_auth_digest', () => {
  let apache: Apache;
  beforeAll(async () => {
    apache = await startApache('us"er', 'p:w@rd');
  });
  afterAll(() => apache.stop());

  const put = (path: string, login: string): Promise<Upload> =>
    openUpload({
      target: parseHttpUrl(`http://${login}@127.0.0.1:${apache.port}/dav/${path}`, {
        schemes: HTTP_SCHEMES,
        shape: '',
      }),
      method: 'PUT',
      dial,
      signal: never,
      timeoutMs: 5000,
    });

  it('takes a long body in chunks from who knows the password', async () => {
    const upload = await put('whole.ts?key=a%2Fb', 'us%22er:p%3Aw%40rd');
    const batch = Buffer.alloc(300_000, 'media');
    for (let round = 0; round < 10; round++) upload.socket.write(chunkOf(batch));
    await upload.finish(LAST_CHUNK, 5000);
    const stored = await readFile(apache.file('whole.ts'));
    expect(stored.equals(Buffer.concat(Array.from({ length: 10 }, () => batch)))).toBe(true);
  });

  it('refuses who does not', async () => {
    await expect(put('never.ts', 'us%22er:wrong')).rejects.toMatchObject({ code: 'http_401' });
    await expect(put('never.ts', 'nobody')).rejects.toMatchObject({ code: 'http_401' });
  });
});

describe('authorizationFor', () => {
  it.each([
    'algorithm=MD5, qop="auth"',
    'algorithm=MD5-sess, qop="auth,auth-int"',
    'algorithm=SHA-256, qop="auth"',
    'algorithm=SHA-256-sess, qop="auth", opaque="o"',
    'qop="auth"',
    'opaque="o"',
  ])('answers like curl to %s', async (terms) => {
    const challenge = `Digest realm="re alm", nonce="n0nce+/=", ${terms}`;
    const server = await startRawServer(({ say, socket }, round) => {
      say(response(round === 0 ? '401 Unauthorized' : '200 OK', `WWW-Authenticate: ${challenge}`, 'Connection: close'));
      socket.end();
    });
    const url = `http://127.0.0.1:${server.port}/a%2Fb?c=d`;
    await run('curl', '-s', '--digest', '-u', 'me:se cret', url);
    server.stop();
    const [, value = ''] = /^authorization: (.*)\r$/im.exec(server.peers.at(-1)!.head) ?? [];
    const theirs = Object.fromEntries(parseChallenges([value])[0]!.parameters);
    const login = { user: 'me', password: 'se cret' };
    const request = { method: 'GET', uri: '/a%2Fb?c=d', ...(theirs.cnonce && { cnonce: theirs.cnonce }) };
    const ours = authorizationFor(parseChallenges([challenge]), login, request)!;
    expect(Object.fromEntries(parseChallenges([ours])[0]!.parameters)).toEqual(theirs);
  });
});
