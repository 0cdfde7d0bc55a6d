// MP4, MOV, fragmented MP4, MPEG-TS, Matroska and WebM, demultiplexed by mediabunny.
import type { Sample } from '@pushfleet/protocols';
import {
  FilePathSource,
  Input,
  type InputFormat,
  type InputTrack,
  IsobmffInputFormat,
  MATROSKA,
  MP4,
  MPEG_TS,
  QTFF,
  WEBM,
} from 'mediabunny';
import { dtsMs } from './dts-order.ts';
import { type ElementaryStream, openAudio, openVideo } from './elementary-stream.ts';
import type { MediaFile } from './media-file.ts';

/** Rejects with an Error whose message is the reason. */
export async function openContainer(path: string, sizeBytes: number): Promise<MediaFile> {
  // A failed read-ahead is no news of its own: the read that needs the bytes fails as well.
  const source = new FilePathSource(path, { handleUnhandledError: () => {} });
  const input = new Input({ source, formats: [MP4, QTFF, MATROSKA, WEBM, MPEG_TS] });
  try {
    const streams = await openStreams(input);
    return {
      sizeBytes,
      tracks: streams.map(({ track }) => track),
      samples: () => mixByDts(streams.map((stream) => stream.samples())),
      close: () => input.dispose(),
    };
  } catch (error) {
    input.dispose();
    throw error;
  }
}

async function openStreams(input: Input): Promise<ElementaryStream[]> {
  // Only an edit list makes negative times: what lies before 0 is not to be presented.
  const hasEdits = (await formatOf(input)) instanceof IsobmffInputFormat;
  const tracks = await input.getTracks();
  const video = await firstOf(
    tracks.filter((track) => track.isVideoTrack()),
    (track) => openVideo(track, hasEdits),
  );
  const audio = await firstOf(
    tracks.filter((track) => track.isAudioTrack()),
    (track) => openAudio(track, video, hasEdits),
  );
  const streams = [video, audio].filter((stream) => stream !== undefined);
  if (streams.length > 0) return streams;
  const codecs = await Promise.all(tracks.map(async (track) => (await track.getCodec()) ?? 'an unknown codec'));
  throw new Error(`no track that can be pushed (${codecs.join(', ') || 'no track at all'}); use H.264 and AAC`);
}

/** What is too short or too odd for a container makes mediabunny stumble in many ways; the system's errors have codes. */
async function formatOf(input: Input): Promise<InputFormat> {
  return input.getFormat().catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== undefined) throw cause;
    throw new Error('unknown container; use MP4, MOV, MPEG-TS, Matroska, WebM or FLV', { cause });
  });
}

async function firstOf<T extends InputTrack>(
  tracks: readonly T[],
  open: (track: T) => Promise<ElementaryStream | undefined>,
): Promise<ElementaryStream | undefined> {
  for (const track of tracks) {
    const stream = await open(track);
    if (stream !== undefined) return stream;
  }
  return undefined;
}

/** Takes from several streams, each with rising dts, always the sample with the lowest one. */
async function* mixByDts(streams: readonly AsyncGenerator<Sample>[]): AsyncGenerator<Sample> {
  const heads = await Promise.all(streams.map(async (stream) => ({ stream, next: await stream.next() })));
  for (;;) {
    const live = heads.filter(({ next }) => !next.done);
    if (live.length === 0) return;
    const head = live.reduce((first, other) => (dtsMs(other.next.value) < dtsMs(first.next.value) ? other : first));
    yield head.next.value;
    head.next = await head.stream.next();
  }
}
