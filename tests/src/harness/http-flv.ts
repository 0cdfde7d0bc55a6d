import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { request } from 'undici';

/** Writes so many seconds of an FLV stream over HTTP to a file, byte for byte. */
export async function recordHttpFlv(url: string, file: string, seconds: number): Promise<void> {
  const { statusCode, body } = await request(url);
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
  const end = AbortSignal.timeout(seconds * 1000);
  await pipeline(body, createWriteStream(file), { signal: end }).catch((error: unknown) => {
    if (!end.aborted) throw error;
  });
}
