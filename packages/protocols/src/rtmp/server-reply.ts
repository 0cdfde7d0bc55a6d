// What a server says to a client. RTMP 1.0 §7.2 and the answers that real clients wait for.
import type { AmfObject } from '../bytes/amf0.ts';
import { enhancedCapabilities, isEnhanced } from './capabilities.ts';
import {
  BandwidthLimit,
  commandMessage,
  dataMessage,
  type RtmpMessage,
  setChunkSize,
  setPeerBandwidth,
  windowAckSize,
} from './wire/message.ts';

/** Message stream id of everything that a client publishes or plays here; each connection has one stream. */
export const SERVER_MESSAGE_STREAM_ID = 1;

/** Bytes after which a peer is to acknowledge. */
const WINDOW_ACK_BYTES = 2_500_000;

/**
 * The answer to connect. The chunk size comes before `_result`: OBS 25 takes it only there. Clients without Enhanced RTMP get the answer
 * that FMS 3 gave, which all of them know.
 */
export function connectReply(transactionId: number, command: AmfObject, chunkSize: number): RtmpMessage[] {
  const server = { fmsVer: 'FMS/3,0,1,123', capabilities: 31, mode: 1 };
  const information = {
    level: 'status',
    code: 'NetConnection.Connect.Success',
    description: 'Connection succeeded.',
    objectEncoding: 0,
    ...(isEnhanced(command) ? enhancedCapabilities() : {}),
  };
  return [
    windowAckSize(WINDOW_ACK_BYTES),
    setPeerBandwidth(WINDOW_ACK_BYTES, BandwidthLimit.dynamic),
    setChunkSize(chunkSize),
    commandMessage('_result', transactionId, 0, server, information),
  ];
}

/** `_result` of releaseStream, FCPublish and the like; none is due to transaction 0. */
export function emptyResult(transactionId: number): RtmpMessage[] {
  return transactionId === 0 ? [] : [commandMessage('_result', transactionId, 0, null, undefined)];
}

export function createStreamReply(transactionId: number): RtmpMessage {
  return commandMessage('_result', transactionId, 0, null, SERVER_MESSAGE_STREAM_ID);
}

/** `onFCPublish`, `onFCUnpublish`, `onFCSubscribe`: with the transaction id of the request, which hardware encoders look for. */
export function fcNotice(name: string, transactionId: number, code: string, description: string): RtmpMessage {
  return commandMessage(name, transactionId, 0, null, { level: 'status', code, description });
}

export function onStatus(level: 'status' | 'error', code: string, description: string): RtmpMessage {
  return commandMessage('onStatus', 0, SERVER_MESSAGE_STREAM_ID, null, { level, code, description });
}

/** Tells a Flash player that scripts may read audio and video; nginx-rtmp and FMS send it, and some players wait for it. */
export function sampleAccess(): RtmpMessage {
  return dataMessage(0, SERVER_MESSAGE_STREAM_ID, '|RtmpSampleAccess', true, true);
}
