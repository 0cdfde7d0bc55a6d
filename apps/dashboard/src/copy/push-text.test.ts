import { checkConfig } from '@pushfleet/config';
import { describe, expect, it } from 'vitest';
import { asCli, asConfigBlock, asConfigLine, asCurl, type WrittenPush } from './push-text.ts';

const plain: WrittenPush = {
  stream: 'news',
  url: 'rtmp://example.com/live/***4f2a',
  disabled: false,
  retry_timeout: 5,
  retry_limit: null,
  timeout: null,
  connect_timeout: 5,
  comment: '',
  pool: 'default',
  labels: {},
  hls_profile: 'auto',
  hls_method: 'put',
  hls_delete: null,
  s3_region: '',
};
const rich: WrittenPush = {
  ...plain,
  url: 'hlss://example.com/a b;/index.m3u8',
  disabled: true,
  retry_timeout: 10,
  retry_limit: 5,
  timeout: 0,
  connect_timeout: 2.5,
  comment: `It's the "main" target`,
  pool: 'eu',
  labels: { team: 'sport & news' },
  hls_profile: 's3',
  hls_delete: false,
  s3_region: 'eu-west-1',
};

/** The only stream of a config text, which is without mistakes. */
function streamOf(text: string) {
  const { document, diagnostics } = checkConfig(text);
  expect(diagnostics).toEqual([]);
  return document?.streams[0]?.spec;
}

describe('a push with defaults', () => {
  it('is short in every form', () => {
    expect(asConfigLine(plain)).toBe('push rtmp://example.com/live/***4f2a;');
    expect(asCli(plain)).toBe(`pushfleet add news 'rtmp://example.com/live/***4f2a'`);
    expect(asCurl(plain, 'http://127.0.0.1:8080')).toContain(
      `-d '{"stream":"news","url":"rtmp://example.com/live/***4f2a"}'`,
    );
  });
});

describe('a push with many options', () => {
  it('reads back from its config line as it was', () => {
    const push = { ...rich, url: rich.url.replace(' ', '%20') };
    const { stream, hls_method, ...given } = push;
    expect(streamOf(`stream ${stream} {\n  ${asConfigLine(push)}\n}\n`)).toEqual({
      name: stream,
      inputs: [],
      pushes: [given],
    });
  });

  it('is quoted for the shell', () => {
    const line = asCli(rich);
    expect(line).toContain(`'hlss://example.com/a b;/index.m3u8'`);
    expect(line).toContain(`--comment 'It'\\''s the "main" target'`);
    expect(line).toContain('--no-hls-delete');
    expect(line).toMatch(/--disabled$/);
  });

  it('names the token in curl and never holds one', () => {
    expect(asCurl(rich, 'https://fleet.example.com')).toContain('Bearer $PUSHFLEET_TOKEN');
  });
});

describe('a stream', () => {
  it('reads back from its block', () => {
    const given = {
      name: 'arena/main',
      title: 'Arena; main camera',
      inputs: ['publish://', 'file:///srv/slate.mp4'],
      segment_count: 4,
      segment_duration: 2,
    };
    const stream = { ...given, comment: '', disabled: false, has_password: false, source_timeout: null };
    const url = 'rtmp://example.com/live/key';
    expect(streamOf(asConfigBlock(stream, [asConfigLine({ ...plain, url })]))).toEqual({ ...given, pushes: [{ url }] });
  });
});
