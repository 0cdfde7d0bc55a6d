import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { FlvDemuxer, FlvFileReader, type Sample } from '@pushfleet/protocols';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { H264, MediaFolder } from './file/testing/media-tools.ts';
import { IngestKit } from './testing/ingest-kit.ts';
import { record } from './testing/recorder.ts';

let kit: IngestKit;
let folder: MediaFolder;
beforeEach(() => {
  folder = new MediaFolder();
  kit = new IngestKit();
  kit.want('studio');
});
afterEach(async () => {
  await kit.close();
  folder[Symbol.dispose]();
});

async function samplesOf(file: string): Promise<Sample[]> {
  const samples: Sample[] = [];
  const demuxer = new FlvDemuxer({ tracks: () => {}, sample: (sample) => samples.push(sample) });
  await new FlvFileReader(demuxer).read(createReadStream(file));
  return samples;
}

/** The pictures of the last group. */
function lastGroup(samples: readonly Sample[]): Buffer[] {
  const pictures = samples.filter(({ track }) => track.kind === 'video');
  return pictures.slice(pictures.findLastIndex(({ isSync }) => isSync)).map(({ data }) => data);
}

it('keeps the group of pictures as ffmpeg has sent it, in memory that serves the groups before it as well', async () => {
  const clip = folder.make('clip.flv', `-i INPUT -t 6 -vf noise=alls=40:allf=t ${H264} -b:v 3M -g 50 -bf 0 -c:a copy`);
  const lease = kit.hubs.acquire('studio');
  const port = await kit.ingest.listen(0, '127.0.0.1');
  const url = `rtmp://127.0.0.1:${port}/live/studio`;
  const sending = execFile('ffmpeg', ['-v', 'error', '-i', clip, '-c', 'copy', '-f', 'flv', url]);
  await new Promise((resolve) => sending.once('close', resolve));
  await expect.poll(() => lease.hub.quietMs).toBe(Number.POSITIVE_INFINITY);
  const sent = lastGroup(await samplesOf(clip));
  const kept = lastGroup(record(lease.hub).sent());
  expect(kept.length).toBeGreaterThan(20); // the newest may still wait for sound
  expect(kept.every((picture, index) => picture.equals(sent[index]!))).toBe(true);
  expect(Buffer.concat(kept).length).toBeGreaterThan(256 * 1024);
});
