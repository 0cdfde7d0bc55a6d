// Codecs that plain FLV does not know, in the syntax of Enhanced RTMP v1. https://veovera.org/docs/enhanced/enhanced-rtmp-v1
import { setTimeout as sleep } from 'node:timers/promises';
import { RtmpClient } from './rtmp-client.ts';
import { runTool } from './tool.ts';

/** As ffprobe calls the codecs. */
const VIDEO_FOURCCS: Readonly<Record<string, string>> = { hevc: 'hvc1', av1: 'av01', h264: 'avc1' };
const AUDIO_FOURCCS: Readonly<Record<string, string>> = { opus: 'Opus', aac: 'mp4a', flac: 'fLaC' };
const AUDIO = 8;
const VIDEO = 9;

interface Tag {
  readonly type: number;
  readonly timestampMs: number;
  readonly payload: Buffer;
}

/** A publisher that sends an MP4 file in real time. */
export interface EnhancedPublisher {
  /** Resolves when everything was sent and the connection is closed, or after `stop`. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

export interface EnhancedPublishOptions {
  /** How often the file is sent; for ever when absent. */
  readonly rounds?: number;
  /** Time of the first message. Times go out modulo 2^32. */
  readonly startMs?: number;
}

export async function publishEnhanced(
  url: string,
  file: string,
  { rounds = Number.POSITIVE_INFINITY, startMs = 0 }: EnhancedPublishOptions = {},
): Promise<EnhancedPublisher> {
  const tags = await readTags(file);
  const client = await RtmpClient.publish(url);
  if (!client.isAccepted) throw new Error(`not accepted: ${client.statuses}`);
  const stopping = new AbortController();
  const done = sendInRealTime(tags, rounds, stopping.signal, ({ type, timestampMs, payload }) =>
    client.send(type, (startMs + timestampMs) % 2 ** 32, payload),
  ).finally(() => client.end());
  return {
    done,
    async stop() {
      stopping.abort();
      client.close();
      await done;
    },
  };
}

async function sendInRealTime(
  tags: readonly Tag[],
  rounds: number,
  signal: AbortSignal,
  send: (tag: Tag) => void,
): Promise<void> {
  const lengthMs = tags.at(-1)!.timestampMs + 40;
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round++) {
    for (const tag of tags) {
      const timestampMs = round * lengthMs + tag.timestampMs;
      const earlyMs = timestampMs - (performance.now() - startedAt);
      if (earlyMs > 0) await sleep(earlyMs);
      if (signal.aborted) return;
      send({ ...tag, timestampMs });
    }
  }
}

/** The payloads of one elementary stream of a file, as ffprobe cuts it into packets. */
export async function payloadsOf(file: string, kind: 'video' | 'audio'): Promise<Buffer[]> {
  const { streams, packets } = await probe(file);
  return packets
    .filter(({ stream_index }) => streams[stream_index]!.codec_type === kind)
    .map(({ data }) => bytesOf(data));
}

interface Probed {
  readonly streams: readonly { codec_type: string; codec_name: string; extradata?: string; time_base: string }[];
  readonly packets: readonly {
    stream_index: number;
    pts_time: string;
    dts_time: string;
    flags: string;
    data: string;
  }[];
}

/** Sequence starts first, then each packet, in order of decode times from 0 on. */
async function readTags(file: string): Promise<Tag[]> {
  const { streams, packets } = await probe(file);
  const startMs = Math.min(...packets.map(({ dts_time }) => Number(dts_time) * 1000));
  const headers = streams.map(({ codec_type, codec_name, extradata = '' }): Tag => {
    const config = codec_name === 'flac' ? flacConfig(bytesOf(extradata)) : bytesOf(extradata);
    return codec_type === 'video'
      ? { type: VIDEO, timestampMs: 0, payload: ex(0x90, VIDEO_FOURCCS[codec_name]!, config) } // key, SequenceStart
      : { type: AUDIO, timestampMs: 0, payload: ex(0x90, AUDIO_FOURCCS[codec_name]!, config) }; // ex header, SequenceStart
  });
  const samples = packets.map(({ stream_index, pts_time, dts_time, flags, data }): Tag => {
    const { codec_type, codec_name } = streams[stream_index]!;
    const timestampMs = Math.round(Number(dts_time) * 1000 - startMs);
    if (codec_type === 'audio') {
      return { type: AUDIO, timestampMs, payload: ex(0x91, AUDIO_FOURCCS[codec_name]!, bytesOf(data)) }; // CodedFrames
    }
    const compositionTime = Buffer.alloc(codec_name === 'av1' ? 0 : 3);
    if (codec_name !== 'av1') {
      compositionTime.writeIntBE(Math.round((Number(pts_time) - Number(dts_time)) * 1000), 0, 3);
    }
    const frameType = flags.startsWith('K') ? 0x91 : 0xa1; // key or inter, CodedFrames
    const body = Buffer.concat([compositionTime, bytesOf(data)]);
    return { type: VIDEO, timestampMs, payload: ex(frameType, VIDEO_FOURCCS[codec_name]!, body) };
  });
  return [...headers, ...samples.sort((a, b) => a.timestampMs - b.timestampMs)];
}

/** STREAMINFO as the only metadata block behind the marker, RFC 9639 §8. */
function flacConfig(streamInfo: Buffer): Buffer {
  return Buffer.concat([Buffer.from('fLaC'), Buffer.of(0x80, 0, 0, streamInfo.length), streamInfo]);
}

async function probe(file: string): Promise<Probed> {
  const args = ['-v', 'error', '-show_streams', '-show_packets', '-show_data', '-of', 'json', file];
  return JSON.parse((await runTool('ffprobe', args)).stdout);
}

function ex(firstByte: number, fourCc: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(firstByte), Buffer.from(fourCc, 'latin1'), body]);
}

/** Of a dump such as `00000000: 0102 0304  ....` */
function bytesOf(dump: string): Buffer {
  const digits = dump.split('\n').map((line) => /^\w+: ([\da-f ]{1,40})/.exec(line)?.[1] ?? '');
  return Buffer.from(digits.join('').replaceAll(' ', ''), 'hex');
}
