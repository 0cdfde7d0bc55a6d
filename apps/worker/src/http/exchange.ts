import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatEndpoint } from '../net/endpoint.ts';

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Tells a peer that asked whether it may send its body that it may; does nothing for others. */
  readonly proceed: () => void;
}

/** For answers that need no body: one that is sent all the same could go on for ever, so the connection ends with the answer. */
export function ignoreBody({ request: { headers }, response }: Exchange): void {
  const hasBody = headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
  if (hasBody) response.shouldKeepAlive = false;
}

/** `ip:port` of whoever asks. */
export function peerOf({ request }: Exchange): string {
  const { remoteAddress = '', remotePort = 0 } = request.socket;
  return formatEndpoint(remoteAddress.replace(/^::ffff:/, ''), remotePort);
}
