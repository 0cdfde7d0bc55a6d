import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Channel, FlvDemuxer, FlvFileReader, m4sWireFormat, tsHttpWireFormat } from '@pushfleet/protocols';
import type { Clip } from './clip.ts';

export const SEGMENT_MS = 4_000;

interface Batch {
  readonly dueMs: number;
  readonly bytes: Buffer;
}

/** A file for `http_floor`: the bytes that we send of a clip, each batch with its time. */
export class Schedule {
  readonly file: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.file = join(directory, 'schedule');
  }

  /** `window`: video frames of a batch; segments of HLS are as long as ours. */
  static async create(clip: Clip, protocol: 'tshttp' | 'm4s' | 'hls', window: number): Promise<Schedule> {
    const batches = batchesOf(clip, protocol === 'm4s' ? m4sWireFormat() : tsHttpWireFormat(), window);
    const schedule = new Schedule(await mkdtemp(join(tmpdir(), 'pushfleet-bench-schedule-')));
    const records = protocol === 'hls' ? segmentsOf(batches) : batches;
    const end = { dueMs: clip.durationMs, bytes: Buffer.alloc(0) };
    await writeFile(
      schedule.file,
      Buffer.concat([...records, end].flatMap(({ dueMs, bytes }) => [head(dueMs, bytes), bytes])),
    );
    return schedule;
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true });
  }
}

function head(dueMs: number, { length }: Buffer): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(Math.round(dueMs), 0);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

/** Each is framed as an HTTP chunk. */
function batchesOf(clip: Clip, format: ReturnType<typeof tsHttpWireFormat>, window: number): Batch[] {
  const batches: Batch[] = [];
  let channel: Channel | undefined;
  const demuxer = new FlvDemuxer({
    tracks(tracks) {
      channel = new Channel(format, tracks, { videoSamplesPerBatch: window });
      channel.openFeed().open({
        write: (bytes, batch) => batches.push({ dueMs: batch?.dtsMs ?? 0, bytes: Buffer.from(bytes) }),
        end() {},
        pendingBytes: 0,
      });
    },
    sample: (sample) => channel?.append(sample, (sample.dts * 1_000) / sample.track.timescale),
  });
  new FlvFileReader(demuxer).push(readFileSync(clip.file));
  channel?.drain();
  return batches;
}

function segmentsOf(batches: readonly Batch[]): Batch[] {
  const segments = Map.groupBy(batches, ({ dueMs }) => Math.floor(dueMs / SEGMENT_MS));
  return [...segments].map(([number, parts]) => ({
    dueMs: number * SEGMENT_MS,
    bytes: Buffer.concat(parts.map(({ bytes }) => withoutFraming(bytes))),
  }));
}

/** The bytes of one HTTP chunk: its size in hex, CR LF, bytes, CR LF. */
const withoutFraming = (chunk: Buffer) => chunk.subarray(chunk.indexOf('\r\n') + 2, -2);
