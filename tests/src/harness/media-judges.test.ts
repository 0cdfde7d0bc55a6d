import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIP } from './ffmpeg.ts';
import { avSync, decodeErrors, frameCount, monotonic, probe } from './media-judges.ts';
import { runTool } from './tool.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-judges-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function ffmpeg(name: string, ...args: string[]): Promise<string> {
  const file = join(directory, name);
  const { code, stderr } = await runTool('ffmpeg', ['-v', 'error', '-y', ...args, file]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return file;
}

describe('the judges', () => {
  it('find nothing wrong with the clip', async () => {
    expect(await decodeErrors(CLIP)).toEqual([]);
    expect(await frameCount(CLIP)).toEqual({ video: 400, audio: 750 });
    expect(await probe(CLIP)).toMatchObject([
      { codec_name: 'h264', width: 640, height: 360 },
      { codec_name: 'aac', channels: 2, sample_rate: '48000' },
    ]);
    expect(await monotonic(CLIP)).toMatchObject([
      { kind: 'video', packets: 400, nonMonotonic: 0, maxGap: expect.closeTo(0.04, 3) },
      { kind: 'audio', packets: 750, nonMonotonic: 0, maxGap: expect.closeTo(0.021, 3) },
    ]);
    const { flashes, offsetsMs, pictures, complaints } = await avSync(CLIP);
    expect([pictures, complaints]).toEqual([400, []]);
    expect(flashes).toEqual([2, 4, 6, 8, 10, 12, 14]);
    expect(offsetsMs).toHaveLength(7);
    for (const offset of offsetsMs) expect(Math.abs(offset)).toBeLessThan(1);
  });

  it('find none in loops of the clip either', async () => {
    const looped = await ffmpeg('looped.flv', '-stream_loop', '2', '-i', CLIP, '-c', 'copy');
    expect(await frameCount(looped)).toEqual({ video: 1200, audio: 2250 });
    expect(await monotonic(looped)).toMatchObject([
      { nonMonotonic: 0, maxGap: expect.closeTo(0.04, 2) },
      { nonMonotonic: 0, maxGap: expect.closeTo(0.021, 2) },
    ]);
    const { offsetsMs } = await avSync(looped);
    expect(offsetsMs).toHaveLength(23);
    for (const offset of offsetsMs) expect(Math.abs(offset)).toBeLessThan(2);
  });

  it('find none in a stream that has paused, whatever frame rate its times suggest', async () => {
    // With this pause ffmpeg 5.1 guesses 149/6 pictures a second.
    const parts = [`file '${CLIP}'`, 'outpoint 1.3', 'duration 2053ms', `file '${CLIP}'`];
    const list = join(directory, 'paused.txt');
    await writeFile(list, parts.join('\n'));
    const input = ['-f', 'concat', '-safe', '0', '-i', list];
    const paused = await ffmpeg('paused.flv', ...input, '-c', 'copy', '-flvflags', 'no_metadata');
    expect(await decodeErrors(paused)).toEqual([]);
    expect((await avSync(paused)).complaints).toEqual([]);
  });

  it('see sound that comes late', async () => {
    const late = await ffmpeg(
      'late.ts',
      '-i',
      CLIP,
      '-itsoffset',
      '0.25',
      '-i',
      CLIP,
      '-map',
      '0:v',
      '-map',
      '1:a',
      '-c',
      'copy',
    );
    const { offsetsMs } = await avSync(late);
    expect(offsetsMs).toHaveLength(7);
    for (const offset of offsetsMs) expect(offset).toBeCloseTo(250, -1);
  });

  it('see time that goes back', async () => {
    const once = await readFile(await ffmpeg('once.ts', '-i', CLIP, '-c', 'copy'));
    const twice = join(directory, 'twice.ts');
    await writeFile(twice, Buffer.concat([once, once]));
    const streams = await monotonic(twice);
    expect(streams.map(({ nonMonotonic }) => nonMonotonic)).toEqual([1, 1]);
  });

  it('see bytes that cannot be decoded', async () => {
    const bytes = await readFile(await ffmpeg('whole.ts', '-i', CLIP, '-c', 'copy'));
    const damaged = join(directory, 'damaged.ts');
    await writeFile(damaged, bytes.fill(0x55, bytes.length / 2, bytes.length / 2 + 2000));
    expect(await decodeErrors(damaged)).not.toEqual([]);
    const { complaints, pictures } = await avSync(damaged);
    expect(complaints).not.toEqual([]);
    expect(pictures).toBeLessThan(400);
  });
});
