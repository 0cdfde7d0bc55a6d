// Uploads to a server that we did not write.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dial } from '../publisher/testing/dial.ts';
import { chunkOf, LAST_CHUNK } from './chunk.ts';
import { type Nginx, startNginx } from './testing/nginx.ts';
import { openUpload, type Upload } from './upload.ts';
import { HTTP_SCHEMES, parseHttpUrl } from './url.ts';

describe('nginx', () => {
  let nginx: Nginx;
  beforeAll(async () => {
    nginx = await startNginx('user', 'p@ss');
  });
  afterAll(() => nginx.stop());

  const put = (path: string, expect: boolean, login = ''): Promise<Upload> =>
    openUpload({
      target: parseHttpUrl(`http://${login}127.0.0.1:${nginx.port}${path}`, { schemes: HTTP_SCHEMES, shape: '' }),
      method: 'PUT',
      expect,
      dial,
      signal: new AbortController().signal,
      timeoutMs: 5000,
    });

  /** It says `100 Continue` before anything else, even before it refuses. */
  const modes = [true, false];

  it.each(modes)('stores what it redirects, with Expect %s', async (mode) => {
    const upload = await put(`/router/${mode}.ts`, mode);
    const batch = Buffer.alloc(100_000, 'media');
    for (let round = 0; round < 10; round++) upload.socket.write(chunkOf(batch));
    await upload.finish(LAST_CHUNK, 5000);
    const stored = await readFile(nginx.file(`${mode}.ts`));
    expect(stored.equals(Buffer.concat(Array.from({ length: 10 }, () => batch)))).toBe(true);
  });

  it.each(modes)('lets in who knows the password, with Expect %s', async (mode) => {
    const upload = await put(`/login/in-${mode}.ts`, mode, 'user:p%40ss@');
    upload.socket.write(chunkOf(Buffer.from('media')));
    await upload.finish(LAST_CHUNK, 5000);
    expect((await readFile(nginx.file(`in-${mode}.ts`))).toString()).toBe('media');
  });

  it.each(modes)('refuses before the body goes out, with Expect %s', async (mode) => {
    await expect(put('/forbidden/x.ts', mode)).rejects.toMatchObject({ code: 'http_403', detail: '403 Forbidden' });
    await expect(put('/login/x.ts', mode)).rejects.toMatchObject({ code: 'http_401' });
    await expect(put('/login/x.ts', mode, 'user:wrong@')).rejects.toMatchObject({ code: 'http_401' });
  });
});
