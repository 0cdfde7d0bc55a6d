import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { FlvDemuxer, FlvFileReader, type Packager, type Sample } from '@pushfleet/protocols';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { H264, MediaFolder } from './file/testing/media-tools.ts';
import type { StreamHub } from './stream-hub.ts';
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

/** What leaves a hub, and the memory that it lies in, none of which is held. */
function watchMemory(hub: StreamHub): { bytes: number; readonly memories: Set<ArrayBufferLike> } {
  const seen = { bytes: 0, memories: new Set<ArrayBufferLike>() };
  const packager: Packager = {
    setTracks: () => {},
    header: () => Buffer.alloc(0),
    append: ({ data }) => {
      seen.bytes += data.length;
      seen.memories.add(data.buffer);
    },
    holds: () => false,
    flush: () => undefined,
  };
  hub.openFeed({ key: 'memory', createPackager: () => packager });
  return seen;
}

const picturesOf = (samples: readonly Sample[]) =>
  samples.filter(({ track }) => track.kind === 'video').map(({ data }) => data);

it('keeps the group of pictures as ffmpeg has sent it, in memory that served the groups before it as well', async () => {
  const noise = '-vf noise=alls=40:allf=t'; // so that no picture is like another, nor small
  const clip = folder.make('clip.flv', `-i INPUT -t 6 ${noise} ${H264} -b:v 3M -g 50 -bf 0 -c:a copy`);
  const lease = kit.hubs.acquire('studio');
  const seen = watchMemory(lease.hub);
  const port = await kit.ingest.listen(0, '127.0.0.1');
  const url = `rtmp://127.0.0.1:${port}/live/studio`;
  const options = ['-v', 'error', '-readrate', '5', '-i', clip, '-c', 'copy', '-f', 'flv', url];
  await new Promise((resolve) => execFile('ffmpeg', options).once('close', resolve));
  await expect.poll(() => lease.hub.quietMs).toBe(Number.POSITIVE_INFINITY);
  const recorder = record(lease.hub);
  // The newest wait for sound at first, and the last ones may be lost: ffmpeg closes without having read everything.
  await expect.poll(() => picturesOf(recorder.sent()).length).toBeGreaterThan(10);
  const kept = picturesOf(recorder.sent());
  const sent = picturesOf(await samplesOf(clip));
  const first = sent.findIndex((picture) => picture.equals(kept[0]!));
  expect(first).toBeGreaterThan(0);
  const memoryBytes = [...seen.memories].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(memoryBytes).toBeLessThan(seen.bytes * 0.8);
  expect(kept.every((picture, index) => picture.equals(sent[first + index]!))).toBe(true);
});
