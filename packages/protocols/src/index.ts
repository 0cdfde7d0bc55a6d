import { hlsProtocol } from './hls/index.ts';
import { m4sProtocol } from './m4s/index.ts';
import type { Protocol } from './publisher/publisher.ts';
import { rtmpProtocol } from './rtmp/index.ts';
import { tshttpProtocol } from './tshttp/index.ts';

/** Every protocol that can push. A new one is added here and nowhere else. */
export const protocols: readonly Protocol[] = [
  rtmpProtocol as Protocol,
  tshttpProtocol as Protocol,
  hlsProtocol as Protocol,
  m4sProtocol as Protocol,
];

/** URL schemes that can be pushed to, without colon. */
export const supportedSchemes: readonly string[] = protocols.flatMap(({ schemes }) => schemes);

/** The protocol for a target URL; undefined when its scheme is none of ours. */
export function protocolFor(url: string): Protocol | undefined {
  const scheme = url.slice(0, Math.max(url.indexOf(':'), 0)).toLowerCase();
  return protocols.find(({ schemes }) => schemes.includes(scheme));
}

export { MalformedError } from './bytes/malformed-error.ts';
export { configOfAdts, parseAdtsHeader } from './codec/aac/adts.ts';
export { parseAudioSpecificConfig } from './codec/aac/audio-specific-config.ts';
export { parseAnnexB, parseLengthPrefixed } from './codec/h264/access-unit.ts';
export { parseAvcConfiguration } from './codec/h264/avcc.ts';
export { mergeParameterSets } from './codec/h264/parameter-sets.ts';
export { parseSps } from './codec/h264/sps.ts';
export { parseMpegAudioHeader } from './codec/mp3/frame-header.ts';
export { joinLengthPrefixed, splitLengthPrefixed } from './codec/nal/length-prefixed.ts';
export { FlvDemuxer, type FlvDemuxerEvents } from './container/flv/demuxer.ts';
export { FlvFileReader } from './container/flv/file-reader.ts';
export { Fmp4Demuxer } from './container/fmp4/demuxer.ts';
export { TsDemuxer } from './container/mpegts/demuxer.ts';
export { TsMuxer, type TsMuxerOptions } from './container/mpegts/muxer.ts';
export { type HlsPlayOptions, parseHlsSource, playHls } from './hls/player.ts';
export { m4sWireFormat } from './m4s/packager.ts';
export { playM4s } from './m4s/player.ts';
export { M4sBodyError, type M4sReceipt, M4sReceiver } from './m4s/receiver.ts';
export { type M4sSession, parseSession, SESSION_FIELD, SESSION_OUTDATED, supersedes } from './m4s/session.ts';
export { type M4sTarget, parseM4sUrl } from './m4s/target.ts';
export { GopCache, type GopLimits } from './media/gop.ts';
export { holdsAny, type Sample } from './media/sample.ts';
export { Timeline, type TimelineOptions } from './media/timeline.ts';
export { rescale } from './media/timestamp.ts';
export type { AudioCodec, AudioTrack, Track, VideoCodec, VideoTrack } from './media/track.ts';
export { Channel, type ChannelOptions } from './packager/channel.ts';
export type { ChannelFeed, FeedLimits, FeedStats } from './packager/feed.ts';
export { Interleaver } from './packager/interleaver.ts';
export type { Packager, WireBatch, WireFormat } from './packager/packager.ts';
export { type DeliveryOptions, defaultDelivery, type HlsProfile } from './publisher/delivery.ts';
export {
  type Fault,
  PublishError,
  type PublishErrorCode,
  publishErrorMessage,
  publishErrors,
  type Retry,
  TargetUrlError,
} from './publisher/errors.ts';
export type {
  BatchFeed,
  BatchSink,
  Connection,
  Dial,
  DialOptions,
  EndKind,
  Protocol,
  Publisher,
  PublisherDeps,
  PublisherStats,
  TargetPlace,
} from './publisher/publisher.ts';
export type { PushMemory } from './publisher/push-memory.ts';
export type { LowWaterSocket } from './rtmp/low-water.ts';
export { rtmpWireFormat } from './rtmp/packager.ts';
export { type PlayOptions, playRtmp } from './rtmp/player.ts';
export {
  type IngestSink,
  type PlayAnswer,
  type PlayRequest,
  type PublishAnswer,
  type PublishRequest,
  SERVER_CHUNK_SIZE,
  SERVER_MESSAGE_STREAM_ID,
  serveRtmpConnection,
} from './rtmp/server-connection.ts';
export { resolveStreamName, type StreamName } from './rtmp/stream-name.ts';
export { parseRtmpUrl, type RtmpTarget, type RtmpTargetOptions } from './rtmp/url.ts';
export { tsHttpWireFormat } from './tshttp/packager.ts';
export { playTsHttp } from './tshttp/player.ts';
export { parseTsHttpUrl, type TsHttpTarget } from './tshttp/target.ts';
