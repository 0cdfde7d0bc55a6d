import { parseCidr } from '@pushfleet/config';
import { ApiError } from '@pushfleet/contract';
import { describe, expect, it } from 'vitest';
import { TargetCheck } from './target-check.ts';

const cidrs = (...blocks: string[]) => blocks.map((block) => parseCidr(block)!);
const strict = new TargetCheck([], []);
const refusal = (check: TargetCheck, url: string): ApiError | undefined => {
  try {
    check.check({ url });
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
};

describe('TargetCheck', () => {
  it.each([
    'rtmp://a.rtmp.youtube.com/live2/KEY',
    'rtmps://live.example.com:443/app/KEY',
    'rtmp://8.8.8.8/a/b',
    'rtmp://[2606:4700::1]/a/b',
  ])('takes %s', (url) => expect(refusal(strict, url)).toBeUndefined());

  it.each([
    'rtmp://127.0.0.1/a/b',
    'rtmp://localhost/a/b',
    'rtmp://LOCALHOST./a/b',
    'rtmp://app.localhost/a/b',
    'rtmp://10.1.2.3/a/b',
    'rtmp://192.168.1.1:1936/a/b',
    'rtmp://169.254.169.254/latest/meta',
    'rtmp://0.0.0.0/a/b',
    'rtmp://127.1/a/b',
    'rtmp://2130706433/a/b',
    'rtmp://0x7f000001/a/b',
    'rtmp://[::1]/a/b',
    'rtmp://[::ffff:127.0.0.1]/a/b',
    'rtmp://[fd00::1]/a/b',
    'rtmp://user:password@127.0.0.1/a/b',
  ])('refuses %s, which is not on the public Internet', (url) => {
    const error = refusal(strict, url);
    expect(error).toMatchObject({ code: 'invalid_target', errors: [{ pointer: '#/url' }] });
    expect(error?.detail).toContain('PUSHFLEET_ALLOW_TARGETS');
    expect(error?.detail).not.toContain('password');
  });

  it('takes what the operator allows, and nothing of what is denied', () => {
    const check = new TargetCheck(cidrs('127.0.0.0/8', '10.0.0.0/8'), cidrs('10.9.0.0/16', '8.8.8.8'));
    expect(refusal(check, 'rtmp://localhost/a/b')).toBeUndefined();
    expect(refusal(check, 'rtmp://10.1.2.3/a/b')).toBeUndefined();
    expect(refusal(check, 'rtmp://10.9.2.3/a/b')).toBeDefined();
    expect(refusal(check, 'rtmp://8.8.8.8/a/b')).toBeDefined();
    expect(refusal(check, 'rtmp://192.168.0.1/a/b')).toBeDefined();
  });

  it('names the schemes that are supported when one is not', () => {
    expect(refusal(strict, 'srt://example.com:9000')?.detail).toMatch(
      /^srt:\/\/ is not supported yet; use rtmp:\/\/ or rtmps:\/\/.*\.$/,
    );
  });

  it('passes on what the protocol says about its URL', () => {
    expect(refusal(strict, 'rtmp://example.com')?.detail).toContain('rtmp://HOST/APPLICATION/STREAM');
  });

  it('refuses a URL that was copied from where it is masked', () => {
    expect(refusal(strict, 'rtmp://example.com/live/***1234')?.detail).toContain('Write the URL in full');
  });
});
