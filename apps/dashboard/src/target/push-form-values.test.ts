import { pushPatchSchema, pushSpecSchema } from '@pushfleet/config';
import type { PushView } from '@pushfleet/contract';
import { describe, expect, it } from 'vitest';
import { emptyPushForm, patchOf, pushFormOf, specOf } from './push-form-values.ts';

describe('a new push', () => {
  it('names only what was filled in', () => {
    expect(specOf({ ...emptyPushForm, url: ' rtmp://host/app/key ' })).toEqual({ url: 'rtmp://host/app/key' });
  });

  it('takes every field of the form in the form of the API', () => {
    const spec = specOf({
      url: 'hlss://host/a/index.m3u8',
      enabled: false,
      retry_timeout: 10,
      retry_limit: 5,
      timeout: 30,
      connect_timeout: 4,
      comment: ' Main ',
      pool: 'eu',
      labels: 'team=sport\n\ntier = 1',
      hls_profile: 's3',
      hls_method: 'post',
      hls_delete: 'no',
      s3_region: 'eu-west-1',
      headers: 'X-Token: a:b',
    });
    expect(pushSpecSchema.parse(spec)).toEqual({
      url: 'hlss://host/a/index.m3u8',
      disabled: true,
      retry_timeout: 10,
      retry_limit: 5,
      timeout: 30,
      connect_timeout: 4,
      comment: 'Main',
      pool: 'eu',
      labels: { team: 'sport', tier: '1' },
      hls_profile: 's3',
      hls_method: 'post',
      hls_delete: false,
      s3_region: 'eu-west-1',
      headers: { 'X-Token': 'a:b' },
    });
  });
});

describe('a changed push', () => {
  const before = pushFormOf({
    desired: 'enabled',
    retry_timeout: 5,
    retry_limit: 3,
    timeout: null,
    connect_timeout: 5,
    comment: '',
    pool: 'default',
    labels: { team: 'sport', tier: '1' },
    hls_profile: 'auto',
    hls_method: 'put',
    hls_delete: null,
    s3_region: '',
  } as unknown as PushView);

  it('is nothing when nothing was touched: the hidden URL stays', () => {
    expect(patchOf(before, { ...before })).toEqual({});
  });

  it('goes back to the default where a field was emptied', () => {
    const patch = patchOf(before, { ...before, retry_limit: '', retry_timeout: 10, url: 'rtmp://new/app/key' });
    expect(pushPatchSchema.parse(patch)).toEqual({ retry_limit: null, retry_timeout: 10, url: 'rtmp://new/app/key' });
  });

  it('takes away the labels that are no longer there', () => {
    expect(patchOf(before, { ...before, labels: 'team=news' })).toEqual({ labels: { team: 'news', tier: null } });
  });
});
