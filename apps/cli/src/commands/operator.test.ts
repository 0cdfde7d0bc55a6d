import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, page, problem } from '../testing/fake-api.ts';
import { type RunOptions, runCli } from '../testing/run-cli.ts';
import { pushView, workerView } from '../testing/views.ts';

let api: FakeApi;
beforeEach(async () => {
  api = new FakeApi();
  await api.listen();
});
afterEach(() => api.close());

/** `line`: words separated by blanks. */
const pushfleet = (line: string, options: RunOptions = {}) =>
  runCli(line.split(' '), { ...options, env: { PUSHFLEET_URL: api.url, ...options.env } });

describe('ls', () => {
  it('passes the filters on and prints a table', async () => {
    api.on(
      'GET /api/v1/pushes',
      page([pushView({ id: 'p-1', status: 'retry', failures_in_a_row: 2, retry_limit: 5 })]),
    );
    const { exitCode, stdout } = await pushfleet('ls -q cam --status retry,error --stream demo --worker w1');
    expect(exitCode).toBe(0);
    expect(api.asked).toEqual(['GET /api/v1/pushes?q=cam&status=retry,error&stream=demo&worker=w1&limit=500']);
    expect(stdout.split('\n')[0]).toMatch(/^ {2}ID +STREAM +TARGET +STATUS/);
    expect(stdout).toMatch(/p-1 +demo +rtmp:\/\/127.0.0.1:19350\/live\/\*\*\* +retry +4.02 Mb\/s .*2\/5/);
  });

  it('prints JSON, one push a line, page by page', async () => {
    api.on('GET /api/v1/pushes?limit=500', page([pushView({ id: 'a' }), pushView({ id: 'b' })], 'next one'));
    api.on('GET /api/v1/pushes?limit=500&cursor=next+one', page([pushView({ id: 'c' })]));
    const { stdout } = await pushfleet('ls --json');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(['a', 'b', 'c']);
  });

  it('never cuts what goes into a pipe, and fits a terminal', async () => {
    const reason = 'The target refused the publication, and it took many words to say so.';
    api.on('GET /api/v1/pushes', page([pushView({ status: 'error', reason })]));
    expect((await pushfleet('ls')).stdout).toContain(reason);
    const lines = (await pushfleet('ls', { columns: 80 })).stdout.trimEnd().split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(lines.join()).toContain('…');
  });

  it('watches without a terminal by printing each change once', async () => {
    const stop = new AbortController();
    api.on('GET /api/v1/pushes', page([pushView({ status: 'starting' })]));
    const { exitCode, stdout } = await pushfleet('ls -w', {
      stop: stop.signal,
      onOutput: (text) => {
        api.on('GET /api/v1/pushes', page([pushView({ status: 'running' })]));
        if (text.includes('running')) stop.abort();
      },
    });
    expect(exitCode).toBe(0);
    expect(stdout.match(/: (\w+) on worker-1/g)).toEqual([': starting on worker-1', ': running on worker-1']);
  });

  it('refuses a status that does not exist, as a usage error', async () => {
    const { exitCode, stderr } = await pushfleet('ls --status broken');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('running');
    expect(api.asked).toEqual([]);
  });
});

describe('get', () => {
  it('shows the push and its last attempts', async () => {
    const last_error = {
      code: 'connect_refused',
      message: 'The target refused.',
      at: '2026-01-01T00:00:00Z',
      peer: '',
    };
    api.on('GET /api/v1/pushes/p-1', { body: pushView({ status: 'retry', failures_in_a_row: 1, last_error }) });
    const attempt = {
      attempt: 1,
      worker: 'worker-1',
      started_at: '2026-01-01T00:00:00Z',
      connected_at: null,
      ended_at: '2026-01-01T00:00:03Z',
      peer: '',
      bytes: 0,
      frames: 0,
      cause: 'connect_refused',
      message: 'The target refused.',
      failed: true,
    };
    api.on('GET /api/v1/pushes/p-1/attempts', { body: { attempts: [attempt] } });
    const { stdout } = await pushfleet('get p-1');
    expect(stdout).toMatch(/Reason +The target refused\./);
    expect(stdout).toMatch(/Options +retry_timeout=5 retry_limit=endless connect_timeout=5 pool=default/);
    expect(stdout).toMatch(/2026-01-01T00:00:00Z +3 s +worker-1 +connect_refused/);
  });

  it('names options of delivery that are not as usual, and no value of a header', async () => {
    const push = pushView({ hls_profile: 's3', hls_delete: false, headers: { 'X-Api-Key': '***' } });
    api.on('GET /api/v1/pushes/p-1', { body: push });
    api.on('GET /api/v1/pushes/p-1/attempts', { body: { attempts: [] } });
    const { stdout } = await pushfleet('get p-1');
    expect(stdout).toMatch(/Options +.* pool=default hls_profile=s3 hls_delete=false header.X-Api-Key=\*\*\*\n/);
  });

  it('finds a push by the beginning of its id', async () => {
    api.on('GET /api/v1/pushes', page([pushView({ id: 'abc-1' }), pushView({ id: 'xyz-1' })]));
    const { stdout } = await pushfleet('get abc --json');
    expect(JSON.parse(stdout)).toMatchObject({ id: 'abc-1' });
  });

  it('asks for more when the beginning of an id fits several', async () => {
    api.on('GET /api/v1/pushes', page([pushView({ id: 'abc-1' }), pushView({ id: 'abc-2' })]));
    const { exitCode, stderr } = await pushfleet('get abc');
    expect(exitCode).toBe(2);
    expect(stderr).toBe('pushfleet: `abc` is the beginning of 2 ids. Write more of it: abc-1, abc-2.\n');
  });

  it('prefers the whole id to others that begin with it', async () => {
    api.on('GET /api/v1/pushes/abc', { body: pushView({ id: 'abc' }) });
    const { stdout } = await pushfleet('get abc --json');
    expect(JSON.parse(stdout)).toMatchObject({ id: 'abc' });
  });
});

describe('add', () => {
  it("sends only what was given: defaults are the server's", async () => {
    api.on('POST /api/v1/pushes', { status: 201, body: pushView({ id: 'new', status: 'pending' }) });
    const { stdout } = await pushfleet(
      'add demo rtmp://a.example/live/key --retry-timeout 10 --retry-limit 5 --disabled',
    );
    expect(api.requests[0]).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } });
    expect(api.requests[0]!.body).toEqual({
      stream: 'demo',
      url: 'rtmp://a.example/live/key',
      retry_timeout: 10,
      retry_limit: 5,
      disabled: true,
    });
    expect(stdout).toBe('new pending\n');
  });

  it('passes on how to deliver, header fields from the line and from a file', async () => {
    api.on('POST /api/v1/pushes', { status: 201, body: pushView({ id: 'new', status: 'pending' }) });
    await using folder = await mkdtempDisposable(join(tmpdir(), 'pushfleet-header-'));
    const file = join(folder.path, 'headers');
    await writeFile(file, 'Authorization: Bearer a:b\n\nX-Two:2\n');
    const words = 'demo hls://a.example/live/ --hls-profile akamai --hls-method post --no-hls-delete --s3-region eu';
    const header = ['--header', 'X-Api-Key: v w', '--header', `@${file}`];
    await runCli(['add', ...header, ...words.split(' ')], { env: { PUSHFLEET_URL: api.url } });
    expect(api.requests[0]!.body).toEqual({
      stream: 'demo',
      url: 'hls://a.example/live/',
      hls_profile: 'akamai',
      hls_method: 'post',
      hls_delete: false,
      s3_region: 'eu',
      headers: { 'X-Api-Key': 'v w', Authorization: 'Bearer a:b', 'X-Two': '2' },
    });
  });

  it.each(['SECRET', ':SECRET', '@/no/such/file'])('refuses --header %s without repeating a value', async (field) => {
    const { exitCode, stderr } = await pushfleet(`add demo hls://a.example/live/ --header ${field}`);
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain('SECRET');
    expect(api.asked).toEqual([]);
  });

  it('reads the target from standard input, to keep it out of the list of processes', async () => {
    api.on('POST /api/v1/pushes', { status: 201, body: pushView() });
    await pushfleet('add demo -', { input: 'rtmp://a.example/live/key\n' });
    expect(api.requests[0]!.body).toEqual({ stream: 'demo', url: 'rtmp://a.example/live/key' });
  });

  it('waits until media leaves when asked to', async () => {
    api.on('POST /api/v1/pushes', { status: 201, body: pushView({ id: 'n', status: 'pending' }) });
    let looks = 0;
    api.on('GET /api/v1/pushes/n', (response) => {
      looks += 1;
      response.end(JSON.stringify(pushView({ id: 'n', status: looks < 3 ? 'starting' : 'running' })));
    });
    expect(await pushfleet('add demo rtmp://a.example/live/key --wait')).toMatchObject({
      exitCode: 0,
      stdout: 'n running\n',
    });
    expect(looks).toBe(3);
  });

  it('fails when the push comes to rest in an error, and says why', async () => {
    api.on('POST /api/v1/pushes', { status: 201, body: pushView({ id: 'n', status: 'pending' }) });
    const last_error = {
      code: 'blocked_address',
      message: 'The address of the target is not allowed.',
      at: '',
      peer: '',
    };
    api.on('GET /api/v1/pushes/n', { body: pushView({ id: 'n', status: 'error', last_error }) });
    const { exitCode, stderr } = await pushfleet('add demo rtmp://a.example/live/key --wait');
    expect(exitCode).toBe(1);
    expect(stderr).toBe('pushfleet: Push n is `error`: The address of the target is not allowed. (blocked_address)\n');
  });

  it('ends with 124 when it has to wait for too long', async () => {
    api.on('POST /api/v1/pushes', { status: 201, body: pushView({ id: 'n', status: 'pending' }) });
    api.on('GET /api/v1/pushes/n', { body: pushView({ id: 'n', status: 'pending' }) });
    const { exitCode, stderr } = await pushfleet('add demo rtmp://a.example/live/key --wait 0');
    expect(exitCode).toBe(124);
    expect(stderr).toContain('Push n is still `pending` after 0 s.');
  });

  it.each(['--retry-timeout soon', '--retry-limit 1.5', '--timeout -1', '--wait x'])('refuses %s', async (option) => {
    const { exitCode } = await pushfleet(`add demo rtmp://a.example/live/key ${option}`);
    expect(exitCode).toBe(2);
    expect(api.asked).toEqual([]);
  });
});

describe('pause, resume, restart and rm', () => {
  it('acts on each id and prints what came of it', async () => {
    for (const id of ['a', 'b']) {
      api.on(`GET /api/v1/pushes/${id}`, { body: pushView({ id }) });
      api.on(`POST /api/v1/pushes/${id}/pause`, { status: 202, body: pushView({ id, status: 'disabled' }) });
    }
    expect(await pushfleet('pause a b')).toMatchObject({ exitCode: 0, stdout: 'a disabled\nb disabled\n' });
  });

  it('goes on after a failure and ends with its exit code', async () => {
    api.on('GET /api/v1/pushes', page([]));
    api.on('GET /api/v1/pushes/b', { body: pushView({ id: 'b' }) });
    api.on('POST /api/v1/pushes/b/resume', { status: 202, body: pushView({ id: 'b', status: 'pending' }) });
    const { exitCode, stdout, stderr } = await pushfleet('resume a b');
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: 'b pending\n' });
    expect(stderr).toMatch(/^pushfleet: .*\(not_found\)/);
  });

  it('knows the new session from the old one when it waits for a restart', async () => {
    const old = pushView({ connected_at: '2026-01-01T00:00:01Z' });
    const fresh = pushView({ connected_at: '2026-01-01T00:05:00Z', revision: 8 });
    let looks = 0;
    api.on('GET /api/v1/pushes/p-1', (response) => {
      looks += 1;
      response.end(JSON.stringify(looks < 4 ? old : fresh));
    });
    api.on('POST /api/v1/pushes/p-1/restart', { status: 202, body: old });
    const { stdout } = await pushfleet('restart p-1 --wait --json');
    expect(JSON.parse(stdout)).toMatchObject({ connected_at: fresh.connected_at });
  });

  it('removes, and waits until it is gone', async () => {
    let gone = false;
    api.on('GET /api/v1/pushes/p-1', (response) => {
      response.statusCode = gone ? 404 : 200;
      response.end(JSON.stringify(gone ? problem('push_not_found').body : pushView()));
    });
    api.on('DELETE /api/v1/pushes/p-1', (response) => {
      gone = true;
      response.writeHead(204).end();
    });
    expect(await pushfleet('rm p-1 --wait')).toMatchObject({ exitCode: 0, stdout: 'p-1 removed\n' });
  });

  it('escapes ids', async () => {
    api.on('GET /api/v1/pushes/a%2Fb', { body: pushView({ id: 'a/b' }) });
    api.on('POST /api/v1/pushes/a%2Fb/pause', { status: 202, body: pushView({ id: 'a/b', status: 'disabled' }) });
    expect((await pushfleet('pause a/b')).exitCode).toBe(0);
  });
});

describe('workers, drain and undrain', () => {
  it('lists the workers', async () => {
    api.on('GET /api/v1/workers', { body: { workers: [workerView()], drains: [] } });
    expect((await pushfleet('workers')).stdout).toMatch(/worker-1 +default +ready +3\/1000 +8.00 Mb\/s/);
    expect(JSON.parse((await pushfleet('workers --json')).stdout)).toEqual(workerView());
  });

  it('drains a worker by its name', async () => {
    api.on('GET /api/v1/workers', {
      body: { workers: [workerView(), workerView({ id: 'x', name: 'worker-10' })], drains: [] },
    });
    api.on('POST /api/v1/workers/0a1b2c3d/drain', { status: 202, body: workerView({ state: 'draining' }) });
    expect(await pushfleet('drain worker-1')).toMatchObject({ exitCode: 0, stdout: 'worker-1 draining\n' });
  });

  it('drains all processes of a host by the name that they have in common', async () => {
    const workers = ['host-1', 'host-2', 'other-1'].map((name) => workerView({ id: name, name }));
    api.on('GET /api/v1/workers', { body: { workers, drains: [] } });
    for (const name of ['host-1', 'host-2']) {
      api.on(`POST /api/v1/workers/${name}/drain`, { status: 202, body: workerView({ name, state: 'draining' }) });
    }
    expect((await pushfleet('drain host-*')).stdout).toBe('host-1 draining\nhost-2 draining\n');
    expect(await pushfleet('drain nobody-*')).toMatchObject({ exitCode: 3 });
  });

  it('undrains a worker that does not run, and says that there is one', async () => {
    const drains = [{ worker: 'worker-9', by: 'api', at: '2026-01-01T00:00:00Z' }];
    api.on('GET /api/v1/workers', { body: { workers: [workerView()], drains } });
    api.on('POST /api/v1/workers/worker-9/undrain', { status: 204 });
    expect((await pushfleet('workers')).stderr).toBe(
      'worker-9 does not run; it stays drained until `pushfleet undrain worker-9`.\n',
    );
    expect(await pushfleet('undrain worker-9')).toMatchObject({ exitCode: 0, stdout: 'worker-9 ready\n' });
  });

  it('does not guess between workers', async () => {
    const workers = [workerView(), workerView({ id: 'x', name: 'worker-10' })];
    api.on('GET /api/v1/workers', { body: { workers, drains: [] } });
    const { exitCode, stderr } = await pushfleet('drain worker');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('worker-1 (0a1b2c3d), worker-10 (x)');
  });

  it('names the workers that there are', async () => {
    api.on('GET /api/v1/workers', { body: { workers: [workerView()], drains: [] } });
    const { exitCode, stderr } = await pushfleet('undrain other');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('There is: worker-1 (0a1b2c3d).');
  });
});

describe('an answer from memory', () => {
  it('is shown under a line that says so, and as JSON too', async () => {
    const asOf = new Date(Date.now() - 5_000).toISOString();
    api.on('GET /api/v1/pushes', (response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'pushfleet-stale': 'true',
        'pushfleet-as-of': asOf,
      });
      response.end(JSON.stringify({ ...page([pushView()]).body, stale: true, as_of: asOf }));
    });
    const banner =
      /^Redis does not answer: this is what was known 5 s ago\. Running pushes go on; nothing can be changed now\.\n$/;
    const { stdout, stderr } = await pushfleet('ls');
    expect(stdout).toContain('running');
    expect(stderr).toMatch(banner);
  });
});

describe('failures', () => {
  it.each([
    ['unauthorized', 401, 4],
    ['forbidden', 403, 4],
    ['push_not_found', 404, 3],
    ['push_exists', 409, 5],
    ['invalid_target', 422, 1],
    ['redis_unavailable', 503, 1],
  ])('ends for %s (%i) with exit code %i, in one sentence with code and remedy', async (code, status, exit) => {
    api.on('POST /api/v1/pushes', problem(code, status, 'So it is.'));
    const { exitCode, stdout, stderr } = await pushfleet('add demo rtmp://a.example/live/key');
    expect({ exitCode, stdout }).toEqual({ exitCode: exit, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^pushfleet: So it is\\. \\(${code}\\) [A-Z].*\\.\n$`));
  });

  it('names the fields of a request that the server refuses', async () => {
    const { body } = problem('invalid_request', 400, 'The request does not have the right form.');
    const errors = [{ pointer: '#/retry_timeout', detail: 'must be 0.1 or more' }];
    api.on('POST /api/v1/pushes', { status: 400, body: { ...body, errors } });
    const { stderr } = await pushfleet('add demo rtmp://a.example/live/key');
    expect(stderr).toContain(' retry_timeout: must be 0.1 or more. (invalid_request) ');
  });

  it('ends with 6 when nobody answers', async () => {
    const { exitCode, stderr } = await pushfleet('ls', { env: { PUSHFLEET_URL: 'http://127.0.0.1:1' } });
    expect(exitCode).toBe(6);
    expect(stderr).toMatch(/^pushfleet: The API at http:\/\/127.0.0.1:1 does not answer .*PUSHFLEET_URL/);
  });

  it('says what to check when the server is no Pushfleet', async () => {
    api.on('GET /api/v1/pushes', (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>'));
    const { exitCode, stderr } = await pushfleet('ls');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('HTTP status 502');
  });

  it('sends the token and never prints it', async () => {
    api.on('GET /api/v1/pushes', problem('unauthorized', 401));
    const { stdout, stderr } = await pushfleet('ls', { env: { PUSHFLEET_TOKEN: 'sesame-0123456789' } });
    expect(api.requests[0]!.headers.authorization).toBe('Bearer sesame-0123456789');
    expect(stdout + stderr).not.toContain('sesame');
  });

  it('speaks to a scheduler behind a path', async () => {
    api.on('GET /fleet/api/v1/pushes', page([]));
    expect((await pushfleet('ls', { env: { PUSHFLEET_URL: `${api.url}/fleet/` } })).exitCode).toBe(0);
  });

  it.each([['no-such-command'], ['get'], ['ls --no-such-option'], ['add demo']])(
    'refuses `%s` with 2',
    async (line) => {
      const { exitCode, stderr } = await pushfleet(line);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/^pushfleet: /);
    },
  );

  it('prints help and version without failing', async () => {
    expect(await pushfleet('--version')).toMatchObject({ exitCode: 0, stdout: '1.2.3\n' });
    expect((await pushfleet('--help')).stdout).toContain('Exit codes');
  });
});
