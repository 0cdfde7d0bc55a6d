// AWS Signature Version 4 in the Authorization field, in the dialect of S3 and those that copy it: the path is encoded once, and the hash of
// the payload travels in a field of its own.
import { createHash, createHmac } from 'node:crypto';

export interface AwsLogin {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

export interface AwsRequest {
  readonly method: string;
  /** As in the Host field. */
  readonly host: string;
  /** Path and query as they go over the wire. */
  readonly path: string;
  /** Every one of them is signed. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** `payloadHash` of the body, or UNSIGNED_PAYLOAD. */
  readonly payloadHash: string;
}

/** In place of a hash, where TLS protects the payload anyway. */
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
const ALGORITHM = 'AWS4-HMAC-SHA256';
const SERVICE = 's3';

/** Hexadecimal SHA-256, as the field x-amz-content-sha256 wants it. */
export function payloadHash(body: Buffer | string): string {
  return createHash('sha256').update(body).digest('hex');
}

/** The fields to add to the request: date, payload hash and authorization. */
export function signAws(request: AwsRequest, login: AwsLogin, now: Date): Record<string, string> {
  const date = now.toISOString().replace(/[-:]|\.\d{3}/g, ''); // 20130524T000000Z
  const day = date.slice(0, 8);
  const added = { 'x-amz-content-sha256': request.payloadHash, 'x-amz-date': date };
  const signed: Record<string, string> = { ...request.headers, ...added, host: request.host };
  const names = Object.keys(signed).sort();
  const [path = '', query = ''] = splitOnce(request.path, '?');
  const canonicalRequest = [
    request.method,
    encode(path).replaceAll('%2F', '/'), // an encoded slash is a slash of the key
    canonicalQuery(query),
    ...names.map((name) => `${name}:${signed[name]!.trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    request.payloadHash,
  ].join('\n');
  const scope = `${day}/${login.region}/${SERVICE}/aws4_request`;
  const key = [day, login.region, SERVICE, 'aws4_request'].reduce<string | Buffer>(
    (secret, text) => hmac(secret, text),
    `AWS4${login.secretAccessKey}`,
  );
  const signature = hmac(key, [ALGORITHM, date, scope, payloadHash(canonicalRequest)].join('\n')).toString('hex');
  const authorization = `${ALGORITHM} Credential=${login.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...added, authorization };
}

/** The region that the host name of an S3 service tells; us-east-1, the default of most, when it tells none. */
export function awsRegionOf(host: string): string {
  if (host.endsWith('.r2.cloudflarestorage.com')) return 'auto';
  const region = /(?:^|\.)s3(?:\.dualstack)?[.-](?!amazonaws\b|dualstack\b)([a-z0-9-]+)\./i.exec(host)?.[1];
  return region?.toLowerCase() ?? 'us-east-1';
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs = query.split('&').map((pair) => splitOnce(pair, '=').map(encode));
  return pairs
    .map(([name = '', value = '']) => `${name}=${value}`)
    .sort()
    .join('&');
}

/** Percent-encoding of RFC 3986, once, whether the text is encoded already or not. */
function encode(text: string): string {
  return encodeURIComponent(decode(text)).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign stands for itself
  }
}

function splitOnce(text: string, separator: string): string[] {
  const index = text.indexOf(separator);
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
