/** Whose fault a failed attempt is: decides where a person looks first. */
export type Fault = 'source' | 'target' | 'operator' | 'internal';
/** `backoff`: the next attempt comes after `retry_timeout`. `never`: only a person can heal it. */
export type Retry = 'backoff' | 'never';

interface PublishErrorEntry {
  readonly fault: Fault;
  readonly retry: Retry;
  /** What happened, as a sentence without the particulars. */
  readonly title: string;
  /** What a person can do about it. */
  readonly remedy: string;
}

const entry = (fault: Fault, retry: Retry, title: string, remedy: string): PublishErrorEntry => ({
  fault,
  retry,
  title,
  remedy,
});

/** Every way an attempt to push can fail. Codes are stable: they are counted, shown, documented and never reused. */
export const publishErrors = {
  dns: entry(
    'target',
    'backoff',
    'The host name of the target could not be resolved.',
    'Check the spelling of the host in the push URL and the DNS server of the worker host.',
  ),
  connect_refused: entry(
    'target',
    'backoff',
    'The target refused the TCP connection.',
    'Check that the target server runs and listens on the port of the push URL.',
  ),
  connect_timeout: entry(
    'target',
    'backoff',
    'The target did not answer within connect_timeout.',
    'Check host, port and firewalls between worker and target, or raise connect_timeout.',
  ),
  unreachable: entry(
    'target',
    'backoff',
    'The network has no route to the target.',
    'Check the routes and firewalls of the worker host.',
  ),
  tls: entry(
    'target',
    'backoff',
    'The TLS handshake with the target failed.',
    'Check the certificate of the target (name, expiry, authority), or that the port really speaks TLS; NODE_EXTRA_CA_CERTS of the worker names authorities of your own.',
  ),
  blocked_address: entry(
    'operator',
    'never',
    'The address of the target is not allowed.',
    'Ask the operator to add the address to PUSHFLEET_ALLOW_TARGETS, or put the push into the config file.',
  ),
  scheme_unsupported: entry(
    'operator',
    'never',
    'The scheme of the push URL is not supported.',
    'Use one of the supported schemes.',
  ),
  url_invalid: entry('operator', 'never', 'The push URL cannot be used as a target.', 'Correct the push URL.'),
  codec_unsupported: entry(
    'source',
    'never',
    'The protocol of the target cannot carry a codec of the source.',
    'Change the encoder settings of the source or push with another protocol.',
  ),
  protocol_violation: entry(
    'target',
    'backoff',
    'The target sent something that its protocol does not allow.',
    'Check that the port really speaks the protocol of the push URL.',
  ),
  rtmp_badname: entry(
    'target',
    'backoff',
    'The name is already being published at the target.',
    'Stop the other publisher of this name; after a fail-over the target frees the name of the dead connection by itself.',
  ),
  rtmp_rejected: entry(
    'target',
    'backoff',
    'The target refused the publication.',
    'Check application, stream key and access rules at the target.',
  ),
  rtmp_auth: entry(
    'operator',
    'backoff',
    'The target refused user name or password.',
    'Correct user name and password in the push URL.',
  ),
  redirect_limit: entry(
    'target',
    'backoff',
    'The target redirected more than 5 times.',
    'Check the redirect rules of the target.',
  ),
  redirect_loop: entry(
    'target',
    'backoff',
    'The target redirected in a circle.',
    'Check the redirect rules of the target.',
  ),
  redirect_refused: entry(
    'target',
    'backoff',
    'The target redirected to a place that cannot be gone to.',
    'Let the target redirect to a URL of HTTP, and from TLS only to TLS; or put the place itself into the push URL.',
  ),
  http_401: entry(
    'operator',
    'backoff',
    'The target asks for a valid login.',
    'Correct user name and password in the push URL.',
  ),
  http_403: entry(
    'operator',
    'backoff',
    'The target forbids this publication.',
    'Check the access rules at the target.',
  ),
  http_404: entry('operator', 'backoff', 'The target does not know this path.', 'Check the path of the push URL.'),
  http_409: entry(
    'target',
    'backoff',
    'The name is already being published at the target.',
    'Stop the other publisher of this name.',
  ),
  http_411: entry(
    'target',
    'backoff',
    'The target takes no request without a length, and a live stream has none.',
    'Let the server or proxy of the target accept "Transfer-Encoding: chunked", or push with another protocol.',
  ),
  http_4xx: entry(
    'target',
    'backoff',
    'The target refused the request.',
    'Check the push URL and the rules at the target.',
  ),
  http_5xx: entry(
    'target',
    'backoff',
    'The target reported a fault of its own.',
    'Look into the log of the target server.',
  ),
  target_closed: entry(
    'target',
    'backoff',
    'The target closed the connection.',
    'Look into the log of the target server; the push reconnects by itself.',
  ),
  target_refused: entry(
    'target',
    'backoff',
    'The target closed the connection right after it had accepted the publication: many servers refuse a key or a busy name this way.',
    'Check stream key and access rules at the target, and whether somebody else publishes this name.',
  ),
  target_stalled: entry(
    'target',
    'backoff',
    'The target stopped reading.',
    'Check the load of the target and the network on the way to it.',
  ),
  source_lost: entry(
    'source',
    'backoff',
    'The source ended or could not be read.',
    'Check the publisher or the input of the stream.',
  ),
  fenced: entry(
    'internal',
    'backoff',
    'A later attempt of this push has begun, so this one has stopped.',
    'Nothing: another worker has taken the push over. If it keeps happening, look for workers that lose their connection to Redis.',
  ),
  worker_lost: entry(
    'internal',
    'never',
    'The worker was lost while it held the push.',
    "Once: nothing, another worker has taken the push over. When the push rests with it, each worker that took it was lost: look for crashes and lack of memory in their logs and their hosts' (kernel), then restart the push.",
  ),
  overloaded: entry(
    'internal',
    'backoff',
    'The worker has no capacity for this push.',
    'Add workers or raise PUSHFLEET_CAPACITY.',
  ),
  push_invalid: entry(
    'internal',
    'never',
    'The job in the queue is not a valid push job.',
    'Add pushes through the API or the requests queue.',
  ),
  internal: entry(
    'internal',
    'backoff',
    'The worker failed in a way that it does not know.',
    'Look into the log of the worker and report the fault.',
  ),
} as const satisfies Record<string, PublishErrorEntry>;

export type PublishErrorCode = keyof typeof publishErrors;

/** The sentence of a code with its particulars. Only `detail` can hold what is not ours. */
export function publishErrorMessage(code: PublishErrorCode, detail: string): string {
  const { title } = publishErrors[code];
  return detail === '' ? title : `${title} (${detail})`;
}

/**
 * Why an attempt ended without success. `message` is a whole sentence for people and never holds a URL; `detail` keeps what the peer
 * said, verbatim (for instance `NetStream.Publish.BadName: Already publishing`), and may hold what the peer chose to echo: whoever
 * shows it passes it through the redactor first.
 */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly code: PublishErrorCode;
  readonly detail: string;

  constructor(code: PublishErrorCode, detail = '', options?: { cause?: unknown }) {
    super(publishErrorMessage(code, detail), options);
    this.code = code;
    this.detail = detail;
  }

  get fault(): Fault {
    return publishErrors[this.code].fault;
  }

  get retry(): Retry {
    return publishErrors[this.code].retry;
  }
}

/** A target URL that cannot be used. The message says what is wrong and what to write instead, without quoting secrets. */
export class TargetUrlError extends Error {
  override readonly name = 'TargetUrlError';
}
