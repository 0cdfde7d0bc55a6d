// Byte streams of real programs, and what another decoder read in them. See fixtures/rtmp/README.md.
import { readFileSync } from 'node:fs';
import { decodeAmf0 } from '../../bytes/amf0.ts';
import { MessageType, parseControlValue, parseUserControl, type RtmpMessage } from '../wire/message.ts';

const FIXTURES = new URL('../../../fixtures/rtmp/', import.meta.url);
const HANDSHAKE_BYTES = 1 + 2 * 1536;

export interface Capture {
  /** Version byte and the two handshake packets. */
  readonly handshake: Buffer;
  /** The chunk stream behind them. */
  readonly chunks: Buffer;
  /** The judge's line for each whole message: `sid=1 ts=0 len=7 AUDIO af00119056e500 len=7`. */
  readonly verdict: readonly string[];
}

/** `name` with direction, for instance `gst2.c2s`. */
export function readCapture(name: string): Capture {
  const bytes = readFileSync(new URL(name, FIXTURES));
  const lines = readFileSync(new URL(`${name}.txt`, FIXTURES), 'utf8')
    .trimEnd()
    .split('\n');
  return {
    handshake: bytes.subarray(0, HANDSHAKE_BYTES),
    chunks: bytes.subarray(HANDSHAKE_BYTES),
    verdict: lines.slice(1).map((line) => line.replace(/^fmt\d csid=\d+ /, '').replace(/ chunks=\d+ +/, ' ')),
  };
}

/** Our reading of a message in the words of the judge. */
export function describeMessage(message: RtmpMessage): string {
  const { streamId, timestamp, payload } = message;
  return `sid=${streamId} ts=${timestamp} len=${payload.length} ${describeBody(message)}`;
}

function describeBody(message: RtmpMessage): string {
  const { type, payload } = message;
  switch (type) {
    case MessageType.setChunkSize:
      return `SetChunkSize ${parseControlValue(message)}`;
    case MessageType.acknowledgement:
      return `Ack ${parseControlValue(message)}`;
    case MessageType.windowAckSize:
      return `WindowAckSize ${parseControlValue(message)}`;
    case MessageType.setPeerBandwidth:
      return `SetPeerBandwidth ${parseControlValue(message)} limit=${payload[4]}`;
    case MessageType.userControl:
      return `UserCtl ev=${parseUserControl(message).event} ${payload.subarray(2).toString('hex')}`;
    case MessageType.audio:
      return `AUDIO ${payload.subarray(0, 10).toString('hex')} len=${payload.length}`;
    case MessageType.video:
      return `VIDEO ${payload.subarray(0, 14).toString('hex')} len=${payload.length}`;
    case MessageType.command:
      return `CMD ${JSON.stringify(decodeAmf0(payload))}`;
    case MessageType.data:
      return `DATA ${JSON.stringify(decodeAmf0(payload))}`;
    default:
      return `type${type} len=${payload.length}`;
  }
}
