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
export { buildAudioSpecificConfig, parseAudioSpecificConfig } from './codec/aac/audio-specific-config.ts';
export { ac3AccessUnitBytes, parseAc3AccessUnit } from './codec/ac3/access-unit.ts';
export { buildAc3Config, parseAc3Config } from './codec/ac3/config.ts';
export { parseAc3Header } from './codec/ac3/sync-frame.ts';
export { buildAv1Configuration, parseAv1Configuration } from './codec/av1/av1c.ts';
export { obus } from './codec/av1/obu.ts';
export { parseSequenceHeader } from './codec/av1/sequence-header.ts';
export { parseTemporalUnit } from './codec/av1/temporal-unit.ts';
export { audioFrameSamples } from './codec/duration.ts';
export { buildFlacConfiguration, parseStreamInfo } from './codec/flac/stream-info.ts';
export { parseAnnexB, parseLengthPrefixed } from './codec/h264/access-unit.ts';
export { buildAvcConfiguration, parseAvcConfiguration } from './codec/h264/avcc.ts';
export { mergeParameterSets } from './codec/h264/parameter-sets.ts';
export { parseSps } from './codec/h264/sps.ts';
export { parseHevcAnnexB, parseHevcLengthPrefixed } from './codec/hevc/access-unit.ts';
export { buildHevcConfiguration, parseHevcConfiguration } from './codec/hevc/hvcc.ts';
export { mergeHevcParameterSets } from './codec/hevc/parameter-sets.ts';
export { parseHevcSps } from './codec/hevc/sps.ts';
export { parseMpegAudioHeader } from './codec/mp3/frame-header.ts';
export { joinLengthPrefixed, splitLengthPrefixed } from './codec/nal/length-prefixed.ts';
export { buildOpusHead, dopsOfOpusHead, opusHeadOfDops, parseOpusHead } from './codec/opus/opus-head.ts';
export { opusPacketSamples } from './codec/opus/packet.ts';
export { codecString } from './codec/rfc6381.ts';
export { parseVp9Configuration } from './codec/vp9/vpcc.ts';
export { FlvDemuxer, type FlvDemuxerEvents } from './container/flv/demuxer.ts';
export { FlvFileReader } from './container/flv/file-reader.ts';
export { Fmp4Demuxer, type Fmp4DemuxerEvents, type Fmp4DemuxerOptions } from './container/fmp4/demuxer.ts';
export { buildInitSegment, fmp4Supports } from './container/fmp4/init-segment.ts';
export { Fmp4Muxer, type Fmp4MuxerOptions } from './container/fmp4/muxer.ts';
export { type Fmp4Refusal, Fmp4RefusedError } from './container/fmp4/refused-error.ts';
export {
  TsDemuxer,
  type TsDemuxerEvents,
  type TsDemuxerOptions,
  type TsDemuxerStats,
} from './container/mpegts/demuxer.ts';
export { type Continuity, TsMuxer, type TsMuxerOptions, tsSupports } from './container/mpegts/muxer.ts';
export { type HlsPlayOptions, parseHlsSource, playHls } from './hls/player.ts';
export { m4sWireFormat } from './m4s/packager.ts';
export { type PlayM4sOptions, playM4s } from './m4s/player.ts';
export { M4sBodyError, type M4sReceipt, M4sReceiver } from './m4s/receiver.ts';
export { formatSession, type M4sSession, parseSession, SESSION_FIELD, supersedes } from './m4s/session.ts';
export { type M4sTarget, parseM4sUrl } from './m4s/target.ts';
export { GopCache, type GopLimits } from './media/gop.ts';
export type { Sample } from './media/sample.ts';
export { Timeline, type TimelineOptions } from './media/timeline.ts';
export { rescale, TimestampUnwrapper } from './media/timestamp.ts';
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
export { playTsHttp, type TsHttpPlayOptions } from './tshttp/player.ts';
export { parseTsHttpUrl, type TsHttpTarget } from './tshttp/target.ts';
