import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatEndpoint } from '../net/endpoint.ts';

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Tells a peer that asked whether it may send its body that it may; does nothing for others. */
  readonly proceed: () => void;
}

/** `ip:port` of whoever asks. */
export function peerOf({ request }: Exchange): string {
  const { remoteAddress = '', remotePort = 0 } = request.socket;
  return formatEndpoint(remoteAddress.replace(/^::ffff:/, ''), remotePort);
}
