import { afterEach, describe, expect, it, vi } from 'vitest';
import { request, whenLoginIsNeeded } from './client.ts';
import { ApiProblem, toProblem } from './problem.ts';

describe('a refusal of the API', () => {
  it('brings the remedy of its code along', () => {
    const problem = new ApiProblem(409, { code: 'owned_by_file', detail: 'Push p1 belongs to the file.' });
    expect(problem.message).toBe('Push p1 belongs to the file.');
    expect(problem.remedy).toMatch(/Change it in the file/);
  });

  it('tells what is wrong with a field', () => {
    const errors = [{ pointer: '#/retry_limit', detail: 'retry_limit must be a whole number' }];
    const problem = new ApiProblem(400, { code: 'invalid_request', errors });
    expect(problem.fieldError('retry_limit')).toBe('retry_limit must be a whole number');
    expect(problem.fieldError('url')).toBeUndefined();
    expect(problem.fieldError('retry')).toBeUndefined();
  });

  it('tells for a field what is wrong with one of its values', () => {
    const errors = [{ pointer: '#/inputs/1', detail: 'the input URL has no scheme' }];
    expect(new ApiProblem(400, { errors }).fieldError('inputs')).toBe('the input URL has no scheme');
  });

  it('is still a sentence when the code is one of a later version', () => {
    expect(new ApiProblem(418, { code: 'teapot' }).message).toBe('The request failed with status 418.');
  });

  it('is made of whatever was thrown', () => {
    expect(toProblem(new TypeError('x')).code).toBe('unreachable');
  });
});

describe('a request', () => {
  afterEach(() => vi.unstubAllGlobals());
  const answerWith = (answer: () => Promise<Response>) => {
    const fetched = vi.fn((_url: string, _init: RequestInit) => answer());
    vi.stubGlobal('fetch', fetched);
    return fetched;
  };

  it('carries the header that no foreign page can send', async () => {
    const fetched = answerWith(async () => Response.json({ ok: 1 }));
    expect(await request('POST', '/pushes/p1/pause', { body: {} })).toEqual({ ok: 1 });
    const [url, init] = fetched.mock.calls[0]!;
    expect(url).toBe('/api/v1/pushes/p1/pause');
    expect(init.headers).toMatchObject({
      'x-requested-with': 'pushfleet-dashboard',
      'content-type': 'application/json',
    });
  });

  it('gives a text answer as it is', async () => {
    answerWith(async () => new Response('stream a { }', { headers: { 'content-type': 'text/plain; charset=utf-8' } }));
    expect(await request('GET', '/config', { accept: 'text/plain' })).toBe('stream a { }');
  });

  it('rejects with the problem of the answer and asks for a login when it must', async () => {
    const needed = vi.fn();
    whenLoginIsNeeded(needed);
    const headers = { 'content-type': 'application/problem+json; charset=utf-8' };
    answerWith(async () => new Response(JSON.stringify({ code: 'unauthorized' }), { status: 401, headers }));
    await expect(request('GET', '/pushes')).rejects.toMatchObject({ code: 'unauthorized', status: 401 });
    expect(needed).toHaveBeenCalledOnce();
    whenLoginIsNeeded(() => {});
  });

  it('tells a server that is away from one that is no scheduler', async () => {
    answerWith(async () => Promise.reject(new TypeError('failed to fetch')));
    await expect(request('GET', '/pushes')).rejects.toMatchObject({ code: 'unreachable' });
    answerWith(async () => new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } }));
    await expect(request('GET', '/pushes')).rejects.toMatchObject({ code: 'unexpected_answer', status: 502 });
  });
});
