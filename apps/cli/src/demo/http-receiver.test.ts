import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpReceiver } from './http-receiver.ts';

const run = promisify(execFile);
const SOURCE = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25', '-f', 'lavfi', '-i', 'sine'];
const CODECS = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-c:a', 'aac', '-t', '4'];
const ffmpeg = (...output: string[]) => run('ffmpeg', ['-v', 'error', ...SOURCE, ...CODECS, ...output]);

/** Status and redirect target of a request that curl makes. */
async function curl(...args: string[]): Promise<string> {
  const { stdout } = await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code} %{redirect_url}', ...args]);
  return stdout.trim();
}

describe('HttpReceiver', () => {
  let receiver: HttpReceiver;
  let url: string;
  beforeEach(async () => {
    receiver = new HttpReceiver();
    url = `http://127.0.0.1:${await receiver.listen(0, '127.0.0.1')}`;
  });
  afterEach(() => receiver.close());

  it.each(['POST', 'PUT'])('counts the MPEG-TS packets that ffmpeg sends with %s, by path', async (method) => {
    await ffmpeg('-f', 'mpegts', '-method', method, `${url}/demo/mpegts`);
    const [demo, ...others] = receiver.look();
    expect(others).toEqual([]);
    expect(demo).toMatchObject({ name: 'demo/mpegts' });
    expect(demo!.bytes % 188).toBe(0);
    expect(demo!.bytes).toBeGreaterThan(100_000);
  });

  it('refuses what is no MPEG-TS', async () => {
    expect(await curl('--data-binary', 'x'.repeat(400), `${url}/demo/mpegts`)).toBe('415');
  });

  it('keeps the HLS that ffmpeg uploads, so that it can be played', async () => {
    await ffmpeg('-f', 'hls', '-hls_time', '1', '-method', 'PUT', `${url}/hls/demo/index.m3u8`);
    const [demo] = receiver.look();
    expect(demo).toMatchObject({ name: 'hls/demo' });
    const { stdout } = await run('ffprobe', [
      ...['-v', 'error', '-count_packets', '-show_entries', 'stream=codec_name,nb_read_packets'],
      ...['-of', 'csv=p=0', `${url}/hls/demo/index.m3u8`],
    ]);
    expect(stdout).toMatch(/h264,100\n/);
    expect(stdout).toMatch(/aac,17\d\n/);
  });

  it('takes folders and deletions like WebDAV', async () => {
    expect(await curl('-X', 'MKCOL', `${url}/hls/demo`)).toBe('201');
    expect(await curl('-X', 'PUT', '--data', '1', `${url}/hls/demo/a.ts`)).toBe('201');
    expect(await curl('-X', 'PUT', '--data', '2', `${url}/hls/demo/a.ts`)).toBe('204');
    expect(await curl(`${url}/hls/demo/a.ts`)).toBe('200');
    expect(await curl('-X', 'DELETE', `${url}/hls/demo/a.ts`)).toBe('204');
    expect(await curl('-X', 'DELETE', `${url}/hls/demo/a.ts`)).toBe('404');
    expect(await curl(`${url}/hls/demo/a.ts`)).toBe('404');
  });

  it('outlives a path that is none', async () => {
    expect(await curl('--request-target', '//', url)).toBe('404');
    expect(await curl('--request-target', '*', url)).toBe('404');
  });

  it('sends m4s on to the worker, as soon as it knows which', async () => {
    const early = curl('-X', 'POST', `${url}/relay/m4s?x=1`);
    receiver.sendM4sTo('127.0.0.1:8081');
    expect(await early).toBe('302 http://127.0.0.1:8081/relay/m4s?x=1');
    receiver.sendM4sTo('127.0.0.1:8082');
    expect(await curl('-X', 'POST', `${url}/relay/m4s`)).toBe('302 http://127.0.0.1:8082/relay/m4s');
  });
});
