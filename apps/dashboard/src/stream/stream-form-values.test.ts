import { streamPatchSchema } from '@pushfleet/config';
import type { StreamRow } from '@pushfleet/contract/live';
import { describe, expect, it } from 'vitest';
import { streamFormOf, streamPatchOf } from './stream-form-values.ts';

const before = streamFormOf({
  inputs: ['rtmp://origin.example.com/live/***-key', 'publish://'],
  disabled: false,
  source_timeout: 9,
  segment_duration: null,
  segment_count: null,
  title: 'News',
  comment: '',
  has_password: true,
} as unknown as StreamRow);

describe('the form of a stream', () => {
  it('says nothing of what was left alone, and of what looks the same', () => {
    expect(streamPatchOf(before, before)).toEqual({});
    expect(streamPatchOf(before, { ...before, title: ' News ' })).toEqual({});
  });

  it('names what was changed, as the API takes it', () => {
    const patch = streamPatchOf(before, {
      ...before,
      inputs: `\n publish:// \nrtmp://b.example.com/live/key\n`,
      source_timeout: '',
      segment_duration: 4,
      enabled: false,
      password: 'a new one',
    });
    expect(streamPatchSchema.parse(patch)).toEqual({
      inputs: ['publish://', 'rtmp://b.example.com/live/key'],
      source_timeout: null,
      segment_duration: 4,
      disabled: true,
      password: 'a new one',
    });
  });

  it('takes the password away only when that is said', () => {
    expect(streamPatchOf(before, { ...before, removesPassword: true, password: 'typed before' })).toEqual({
      password: null,
    });
  });
});
