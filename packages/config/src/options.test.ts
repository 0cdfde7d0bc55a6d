import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defaultPushOptions, resolveDelivery, resolvePushOptions, resolveStreamSettings } from './defaults.ts';
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
    {
      url: 'hls://h/live/',
      hls_profile: 'akamai',
      hls_method: 'post',
      hls_delete: null,
      s3_region: 'eu-west-1',
      headers: { 'X-Api-Key': 'SECRET', Authorization: 'Bearer SE CRET\t1', 'x_2.3': '!' },
    },
    { url: 'hls://h/live/', hls_profile: 's3', hls_method: 'put', hls_delete: false, s3_region: '', headers: {} },
  ])('%j is taken as it is, without defaults', (spec) => {
    expect(pushSpecSchema.parse(spec)).toEqual(spec);
  });

  it.each<[object, unknown]>([
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
    [{ hls_profile: 'aws' }, 'hls_profile: hls_profile must be auto, generic, akamai, youtube or s3, not "aws"'],
    [{ hls_method: 'PUT' }, 'hls_method: hls_method must be put or post, not "PUT"'],
    [{ hls_delete: 'no' }, 'hls_delete: hls_delete must be true or false, not "no"'],
    [{ s3_region: 'EU' }, 's3_region: s3_region must be at most 32 lower-case letters, digits or "-", not "EU"'],
    [{ headers: 'X-Api-Key: SECRET' }, 'headers: headers must be an object of names and texts'],
    [
      { headers: { 'X Api': 'SECRET' } },
      'headers.X Api: headers must have names of 1 to 64 letters, digits, "-", "_" or ".", with a letter or digit in front',
    ],
    ...['SECRET\r\nX-Other: 1', 'SECRET\u0000', ' SECRET', 'SECRET ', 'SECR\u00c9T', '', 'S'.repeat(4097), 7].map(
      (value) =>
        [
          { headers: { 'X-Api-Key': value } },
          'headers.X-Api-Key: the value of a header must be 1 to 4096 characters of visible ASCII, with spaces inside only',
        ] satisfies [object, string],
    ),
    ...['Host', 'content-length', 'Transfer-Encoding', 'Connection', 'EXPECT', 'Upgrade'].map(
      (name) =>
        [
          { headers: { [name]: 'x' } },
          `headers.${name}: headers must be without ${name}: the transfer sets it itself`,
        ] satisfies [object, string],
    ),
    [
      { headers: { 'X-Api-Key': 'SECRET', 'x-api-key': 'SECRET' } },
      'headers.x-api-key: headers must name x-api-key once: letter case makes no difference',
    ],
    [
      { headers: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`X-${n}`, '1'])) },
      'headers: headers must be at most 32',
    ],
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
    const wrong = {
      url: 'x://SECRET',
      headers: { a: 'SECRET\n' },
      comment: { url },
      pool: url,
      disabled: url,
      labels: { a: 5 },
      [url]: 1,
    };
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

  it('changes one header and keeps the others', () => {
    const push = { url, headers: { 'X-Api-Key': 'SECRET', 'X-Two': '2', 'X-Three': '3' } };
    const patch = pushPatchSchema.parse({ headers: { 'X-Two': 'zwei', 'X-Three': null } });
    expect(applyMergePatch(push, patch)).toEqual({ url, headers: { 'X-Api-Key': 'SECRET', 'X-Two': 'zwei' } });
    expect(applyMergePatch(push, pushPatchSchema.parse({ headers: null }))).toEqual({ url });
    expect(messages(pushPatchSchema, { headers: { Host: null } })).toHaveLength(1);
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
      'password: password must be text of 1 to 255 characters',
      expect.stringMatching(/^pushes\.1\.retry_limit: retry_limit must be/),
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
      hlsProfile: 'auto',
      hlsMethod: 'put',
      hlsDelete: undefined,
      headers: {},
      s3Region: '',
    });
    expect(pushOptionsSchema.parse(defaultPushOptions)).toEqual(defaultPushOptions);
  });

  it('give way to what was said, zero and false included', () => {
    const options = { retry_timeout: 0.25, retry_limit: 3, disabled: true, timeout: 0, connect_timeout: 1.5 };
    expect(resolvePushOptions({ ...options, comment: 'c', pool: 'p', labels: { a: 'b' } })).toMatchObject({
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

  it('make the way of delivery of a push and its stream', () => {
    const push = { hls_profile: 's3', hls_delete: false, s3_region: 'eu-west-1', headers: { 'X-A': '1' } } as const;
    expect(resolveDelivery(push, { segment_duration: 2.5 })).toEqual({
      segmentDurationMs: 2500,
      segmentCount: 6,
      hlsProfile: 's3',
      hlsMethod: 'put',
      hlsDelete: false,
      headers: { 'X-A': '1' },
      s3Region: 'eu-west-1',
    });
    expect(resolveDelivery({ hls_delete: null }, {}).hlsDelete).toBeUndefined();
  });

  it('complete the settings of a stream', () => {
    expect(resolveStreamSettings({ source_timeout: 2.5 }).sourceTimeoutMs).toBe(2500);
    expect(resolveStreamSettings({}).sourceTimeoutMs).toBeUndefined();
    expect(resolveStreamSettings({ segment_count: 10 })).toMatchObject({
      inputs: [],
      segmentCount: 10,
      segmentDurationMs: 6000,
      password: undefined,
      disabled: false,
    });
  });
});
