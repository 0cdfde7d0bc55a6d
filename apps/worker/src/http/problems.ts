import { STATUS_CODES } from 'node:http';
import { SESSION_FIELD, SESSION_OUTDATED } from '@pushfleet/protocols';
import type { Exchange } from './exchange.ts';

/** Every refusal of a worker's HTTP port: status, and what has happened as a sentence. Codes are stable. */
export const problems = {
  path_invalid: [400, 'The path is not that of a stream.'],
  malformed_media: [400, 'The media break the rules of their container.'],
  password_needed: [401, 'The stream wants a password.'],
  password_wrong: [403, 'The password is wrong.'],
  stream_closed: [403, 'The stream takes no publisher.'],
  forged: [403, 'The cluster key is wrong.'],
  forbidden: [403, 'This is for the workers of the fleet.'],
  not_found: [404, 'There is no such thing here.'],
  stream_unknown: [404, 'There is no such stream.'],
  not_live: [404, 'The stream is not live.'],
  method_not_allowed: [405, 'The path does not take this method.'],
  publisher_silent: [408, 'The publisher has sent no media for too long.'],
  name_taken: [409, 'The stream is published by somebody else.'],
  session_outdated: [409, 'A newer attempt of this push has published here.'],
  header_missing: [412, 'The media come before the initialization segment.'],
  media_too_large: [413, 'A part of the media is larger than anything that is known to be sound.'],
  media_unknown: [415, 'The body is not of the kind that the path stands for.'],
  internal_error: [500, 'The worker failed in a way that it does not know.'],
  draining: [503, 'The worker is being drained, and no other can take the stream.'],
  http_version: [505, 'Live media need HTTP/1.1.'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof problems;

type Headers = Readonly<Record<string, string>>;

/** RFC 9457 problem details; the connection is closed. `detail` holds no secret. */
export function sendProblem(exchange: Exchange, code: ProblemCode, detail: string, headers: Headers = {}): void {
  const [status, title] = problems[code];
  const body = JSON.stringify({ type: `urn:pushfleet:error:${code}`, title, status, code, detail });
  const fields = { 'content-type': 'application/problem+json', ...hintsOf(code), ...headers };
  sendAndClose(exchange, status, fields, `${body}\n`);
}

/** What programs are to make of a refusal. */
function hintsOf(code: ProblemCode): Headers {
  if (code === 'session_outdated') return { [SESSION_FIELD]: SESSION_OUTDATED };
  return problems[code][0] === 503 ? { 'retry-after': '2' } : {};
}

/** Sends the peer to another worker, with the same path and query. */
export function sendElsewhere(exchange: Exchange, address: string, headers: Headers = {}): void {
  sendAndClose(exchange, 302, { location: `http://${address}${exchange.request.url}`, ...headers }, '');
}

/** How long a peer that still sends may take to see the answer and to hang up. */
const LINGER_MS = 1_000;

/**
 * Answers before, or in the middle of, a body. What is still sent is read and thrown away for a moment: a connection that is closed over
 * unread bytes is reset, and the peer might never see why.
 */
function sendAndClose({ request, response }: Exchange, status: number, headers: Headers, body: string): void {
  const { socket } = request;
  if (response.headersSent || !socket.writable) {
    socket.destroy();
    return;
  }
  const fields = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`;
  // Not by `response`: it would close the connection as soon as its own bytes have left.
  socket.end(head + (request.method === 'HEAD' ? '' : body));
  request.on('error', () => {}).resume();
  const closer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(closer));
}
