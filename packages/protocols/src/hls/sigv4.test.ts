import { AwsClient } from 'aws4fetch';
import { describe, expect, it } from 'vitest';
import { awsRegionOf, payloadHash, signAws, UNSIGNED_PAYLOAD } from './sigv4.ts';

describe('signAws', () => {
  it('gives the signature of the example in the AWS documentation', () => {
    const login = {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      region: 'us-east-1',
    };
    const request = {
      method: 'GET',
      host: 'examplebucket.s3.amazonaws.com',
      path: '/test.txt',
      headers: { range: 'bytes=0-9' },
      payloadHash: payloadHash(''),
    };
    expect(signAws(request, login, new Date('2013-05-24T00:00:00Z')).authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ' +
        'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  it.each([
    ['PUT', 'https://bucket.s3.eu-west-1.amazonaws.com/live/cam1/1-7.ts', {}],
    ['PUT', 'https://bucket.s3.eu-west-1.amazonaws.com/live/cam%201/seg~10(a).ts', { 'cache-control': 'no-cache' }],
    ['PUT', 'http://127.0.0.1:9000/bucket/a%2Fb/%C3%A9.m3u8', { 'x-amz-acl': 'public-read' }],
    ['PUT', 'https://bucket.example.com/x.ts?x=1&a=b%20c&empty', { 'x-amz-security-token': 'a/b+c==' }],
    ['GET', 'https://bucket.example.com/', {}],
    ['DELETE', 'https://bucket.example.com/live/old.ts', {}],
  ])('agrees with aws4fetch about %s %s', async (method, url, headers: Record<string, string>) => {
    const datetime = '20261122T050000Z';
    const login = { accessKeyId: 'AK', secretAccessKey: 'SK/+=', region: 'eu-west-1' };
    const client = new AwsClient({ ...login, service: 's3' });
    const { host, pathname, search } = new URL(url);
    const hash = method === 'PUT' ? payloadHash('hello') : UNSIGNED_PAYLOAD;
    const theirs = await client.sign(url, {
      method,
      ...(method === 'PUT' && { body: 'hello' }),
      headers: { ...headers, 'x-amz-content-sha256': hash },
      aws: { datetime },
    });
    const request = { method, host, path: pathname + search, headers, payloadHash: hash };
    const ours = signAws(request, login, new Date('2026-11-22T05:00:00Z'));
    expect(ours.authorization).toBe(theirs.headers.get('authorization'));
    expect(ours['x-amz-date']).toBe(theirs.headers.get('x-amz-date'));
  });
});

describe('awsRegionOf', () => {
  it.each([
    ['bucket.s3.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['s3.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['s3-ap-southeast-2.amazonaws.com', 'ap-southeast-2'],
    ['bucket.s3.dualstack.us-west-2.amazonaws.com', 'us-west-2'],
    ['bucket.s3.amazonaws.com', 'us-east-1'],
    ['s3.dualstack.amazonaws.com', 'us-east-1'],
    ['s3.eu-central-1.wasabisys.com', 'eu-central-1'],
    ['0123.r2.cloudflarestorage.com', 'auto'],
    ['minio.example.com', 'us-east-1'],
    ['127.0.0.1', 'us-east-1'],
  ])('%s is in %s', (host, region) => {
    expect(awsRegionOf(host)).toBe(region);
  });
});
