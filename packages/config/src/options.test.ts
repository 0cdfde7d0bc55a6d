import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defaultPushOptions, resolvePushOptions, resolveStreamSettings } from './defaults.ts';
import { applyMergePatch } from './merge-patch.ts';
import { MAX_RETRY_LIMIT, pushOptionsSchema, pushPatchSchema, pushSpecSchema, streamSpecSchema } from './options.ts';

const url = 'rtmp://h/app/SECRET';
const messages = (schema: z.ZodType, value: unknown): string[] =>
  (schema.safeParse(value).error?.issues ?? []).map(({ path, message }) =>
    [path.join('.'), message].filter(Boolean).join(': '),
  );

describe('push options', () => {
  it.each([
    { url },
    {
      url,
      retry_timeout: 0.1,
      retry_limit: 1,
      timeout: 0,
      connect_timeout: 0.1,
      disabled: false,
      comment: '',
      pool: 'a',
    },
    { url, retry_timeout: 86_400, retry_limit: MAX_RETRY_LIMIT, timeout: 86_400, connect_timeout: 300, disabled: true },
    {
      url,
      retry_limit: null,
      timeout: null,
      comment: 'x'.repeat(1000),
      pool: 'eu-west-1',
      labels: { 'team.name': 'sport' },
    },
  ])('%j is taken as it is, without defaults', (spec) => {
    expect(pushSpecSchema.parse(spec)).toEqual(spec);
  });

  it.each([
    [{ retry_timeout: 0 }, 'retry_timeout: retry_timeout must be a number of seconds from 0.1 to 86400, not 0'],
    [{ retry_timeout: '5s' }, 'retry_timeout: retry_timeout must be a number of seconds from 0.1 to 86400, not "5s"'],
    [
      { retry_limit: 1.5 },
      'retry_limit: retry_limit must be a whole number from 1 to 2147483646, or null for endless, not 1.5',
    ],
    [
      { retry_limit: MAX_RETRY_LIMIT + 1 },
      'retry_limit: retry_limit must be a whole number from 1 to 2147483646, or null for endless, not 2147483647',
    ],
    [{ timeout: -1 }, 'timeout: timeout must be a number of seconds from 0 to 86400, not -1'],
    [
      { connect_timeout: [] },
      'connect_timeout: connect_timeout must be a number of seconds from 0.1 to 300, not a list',
    ],
    [{ disabled: 'yes' }, 'disabled: disabled must be true or false, not "yes"'],
    [{ pool: 'EU' }, 'pool: pool must be 1 to 32 lower-case letters, digits or "-", not "EU"'],
    [
      { labels: { 'a b': 'x' } },
      'labels.a b: labels must have names of 1 to 64 letters, digits, ".", "-" or "_", with a letter or digit in front',
    ],
    [
      { labels: { _: '' } },
      'labels._: labels must have names of 1 to 64 letters, digits, ".", "-" or "_", with a letter or digit in front',
    ],
    [{ labels: { a: 1 } }, 'labels.a: label must be text of at most 255 characters, not 1'],
    [{ labels: [] }, 'labels: labels must be an object of texts'],
    [{ retry_timout: 5 }, 'a push has no field "retry_timout"; did you mean \'retry_timeout\'?'],
    [{ bitrate: 5 }, 'a push has no field "bitrate"'],
    [{ url: 'rtpm://h/app/SECRET' }, "url: url: the push URL has the unknown scheme 'rtpm'; did you mean 'rtmp'?"],
    [
      { url: 'publish://' },
      expect.stringMatching(/^url: url: the push URL has the unknown scheme 'publish'; use one of rtmp:/),
    ],
    [{ url: 'rtmp:///app/SECRET' }, 'url: url: the push URL names no host'],
    [
      { url: 'rtmp://h/app/SECRET x' },
      'url: url: the push URL holds a space or a control character; percent-encode it',
    ],
    [{ url: 7 }, 'url: url must be a URL'],
    [{ url: undefined }, 'url: url is missing'],
  ])('%j is refused in words', (options, message) => {
    expect(messages(pushSpecSchema, { url, ...options })).toEqual([message]);
  });

  it('shows no secret in a message, wherever a URL was put', () => {
    const wrong = { url: 'x://SECRET', comment: { url }, pool: url, disabled: url, labels: { a: 5 }, [url]: 1 };
    expect(JSON.stringify(messages(pushSpecSchema, wrong))).not.toContain('SECRET');
  });

  it('have a JSON schema', () => {
    expect(z.toJSONSchema(pushSpecSchema)).toMatchObject({
      type: 'object',
      required: ['url'],
      additionalProperties: false,
      properties: { retry_timeout: { type: 'number', minimum: 0.1, maximum: 86_400 } },
    });
  });
});

describe('a patch', () => {
  it('takes an option back to its default with null and leaves absent ones alone', () => {
    const push = { url, disabled: true, retry_timeout: 10, labels: { a: '1', b: '2' } };
    const patch = pushPatchSchema.parse({ retry_timeout: null, labels: { a: null } });
    expect(applyMergePatch(push, patch)).toEqual({ url, disabled: true, labels: { b: '2' } });
    expect(applyMergePatch(push, pushPatchSchema.parse({}))).toEqual(push);
  });

  it('cannot take the URL away', () => {
    expect(messages(pushPatchSchema, { url: null })).toEqual(['url: url must be a URL']);
  });
});

describe('a stream', () => {
  it.each(['a', 'news-1.hd', 'live/cam_1', 'A/b/C'])('may be called %s', (name) => {
    expect(messages(streamSpecSchema, { name })).toEqual([]);
  });

  it.each(['', '/a', 'a/', 'a//b', 'a b', 'ä', '..', 'a/../b', './a', 'a?b', 'x'.repeat(256)])(
    'may not be called %j',
    (name) => {
      expect(messages(streamSpecSchema, { name })).not.toEqual([]);
    },
  );

  it('is refused with the path to the mistake', () => {
    const spec = { name: 'a', inputs: ['nonsense'], pushes: [{ url }, { url, retry_limit: 0 }], password: '' };
    expect(messages(streamSpecSchema, spec)).toEqual([
      expect.stringMatching(/^inputs\.0: input: the input URL has no scheme; use one of publish:/),
      expect.stringMatching(/^pushes\.1\.retry_limit: retry_limit must be/),
      'password: password must be text of 1 to 255 characters',
    ]);
  });
});

describe('defaults', () => {
  it('are those of the design', () => {
    expect(resolvePushOptions({})).toEqual({
      retryTimeoutMs: 5000,
      retryLimit: null,
      disabled: false,
      timeoutMs: null,
      connectTimeoutMs: 5000,
      comment: '',
      pool: 'default',
      labels: {},
    });
    expect(pushOptionsSchema.parse(defaultPushOptions)).toEqual(defaultPushOptions);
  });

  it('give way to what was said, zero and false included', () => {
    const options = { retry_timeout: 0.25, retry_limit: 3, disabled: true, timeout: 0, connect_timeout: 1.5 };
    expect(resolvePushOptions({ ...options, comment: 'c', pool: 'p', labels: { a: 'b' } })).toEqual({
      retryTimeoutMs: 250,
      retryLimit: 3,
      disabled: true,
      timeoutMs: 0,
      connectTimeoutMs: 1500,
      comment: 'c',
      pool: 'p',
      labels: { a: 'b' },
    });
  });

  it('complete the settings of a stream', () => {
    expect(resolveStreamSettings({ name: 'a', segment_count: 10 })).toMatchObject({
      inputs: [],
      segmentCount: 10,
      segmentDurationMs: 6000,
      password: undefined,
      disabled: false,
    });
  });
});
