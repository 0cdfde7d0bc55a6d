import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import { AddressPolicy } from './address-policy.ts';
import { createDial } from './dial.ts';
import { connected, everythingClosed, failureOf, hasIpv6, listen, Resolver } from './testing/dial-kit.ts';

/** A private authority and the certificates it signs, made by openssl for this run. */
class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'dial-tls-'));
  readonly key: Buffer;
  readonly certificate: Buffer;

  constructor() {
    this.#openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', 'key.pem');
    this.key = this.#read('key.pem');
    this.certificate = this.selfSigned('ca');
  }

  selfSigned(name: string): Buffer {
    this.#openssl(
      'req',
      '-x509',
      '-new',
      '-key',
      'key.pem',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-out',
      `${name}.pem`,
    );
    return this.#read(`${name}.pem`);
  }

  /** `names` as in subjectAltName: `DNS:live.test,IP:127.0.0.1`; none leaves the common name alone. */
  issue(names: string, { commonName = 'target', days = 1 } = {}): Buffer {
    writeFileSync(join(this.#folder, 'names.cnf'), names === '' ? '' : `subjectAltName=${names}`);
    this.#openssl('req', '-new', '-key', 'key.pem', '-subj', `/CN=${commonName}`, '-out', 'request.pem');
    const signer = ['-CA', 'ca.pem', '-CAkey', 'key.pem', '-CAcreateserial', '-days', String(days)];
    this.#openssl('x509', '-req', '-in', 'request.pem', ...signer, '-extfile', 'names.cnf', '-out', 'issued.pem');
    return this.#read('issued.pem');
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  #read(file: string): Buffer {
    return readFileSync(join(this.#folder, file));
  }
}

const authority = new Authority();
const valid = authority.issue('DNS:live.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1');
const policy = new AddressPolicy({ allow: [], deny: [] });
const { lookup } = new Resolver(['127.0.0.1']);
const dial = createDial(policy, 'operator', { lookup, ca: authority.certificate });
const dialWithoutAuthority = createDial(policy, 'operator', { lookup });
const verified = { verify: true };

afterAll(everythingClosed);
afterAll(() => authority[Symbol.dispose]());

function listenTls(cert: Buffer, options: TlsOptions = {}, host = '127.0.0.1') {
  const server = createTlsServer({ key: authority.key, cert, ...options });
  server.on('secureConnection', (socket) => socket.on('error', () => {})).on('tlsClientError', () => {});
  return listen(host, 0, server);
}

function listenPlain(onConnection: (socket: Socket) => void) {
  return listen('127.0.0.1', 0, createServer(onConnection));
}

async function nextSecured(server: Server): Promise<TLSSocket> {
  const [socket] = await once(server, 'secureConnection');
  return socket;
}

describe('a target that speaks TLS', () => {
  it.each(['live.test', 'a.wild.test', 'live.test.'])(
    'is told the name %s and shows a certificate for it',
    async (host) => {
      const { server, port } = await listenTls(valid);
      const [accepted, { socket, peer }] = await Promise.all([
        nextSecured(server),
        connected(dial, { host, port, tls: verified }),
      ]);
      expect(accepted.servername).toBe(host.replace(/\.$/, ''));
      expect(accepted.alpnProtocol).toBe(false);
      expect(peer).toBe(`127.0.0.1:${port}`);
      socket.write('hello');
      expect((await once(accepted, 'data')).toString()).toBe('hello');
    },
  );

  it.each(hasIpv6 ? ['127.0.0.1', '::1', '[::1]'] : ['127.0.0.1'])(
    'is told no name for the address %s, and its certificate is verified',
    async (host) => {
      const { server, port } = await listenTls(valid, {}, host === '127.0.0.1' ? host : '::1');
      const [accepted] = await Promise.all([nextSecured(server), connected(dial, { host, port, tls: verified })]);
      expect(accepted.servername).toBe(false);
    },
  );

  it('is told the server name of the options in place of the host', async () => {
    const { server, port } = await listenTls(valid);
    const tls = { servername: 'live.test', verify: true };
    const [accepted] = await Promise.all([nextSecured(server), connected(dial, { host: '127.0.0.1', port, tls })]);
    expect(accepted.servername).toBe('live.test');
  });

  it('may show any certificate when nothing is verified', async () => {
    for (const certificate of [authority.selfSigned('alone'), authority.issue('DNS:other.test', { days: -1 })]) {
      const { port } = await listenTls(certificate);
      await connected(dial, { host: 'live.test', port, tls: { verify: false } });
    }
  });

  it('leaves the owner of the connection a socket that closes when the target resets it', async () => {
    const { port, sockets } = await listenTls(valid);
    const { socket } = await connected(dial, { host: 'live.test', port, tls: verified });
    const closed = once(socket.resume(), 'close');
    sockets[0]?.resetAndDestroy();
    await closed;
  });
});

describe('a certificate that cannot be trusted', () => {
  const cases: [string, Buffer, string][] = [
    ['self-signed', authority.selfSigned('alone'), 'DEPTH_ZERO_SELF_SIGNED_CERT: the certificate is self-signed'],
    ['expired', authority.issue('DNS:live.test', { days: -1 }), 'CERT_HAS_EXPIRED: the certificate has expired'],
    [
      'of others',
      authority.issue('DNS:a.test,DNS:b.test,IP:127.0.0.9'),
      'ERR_TLS_CERT_ALTNAME_INVALID: certificate is for a.test, b.test, 127.0.0.9, not for live.test',
    ],
    [
      'of many others',
      authority.issue(Array.from({ length: 40 }, (_, index) => `DNS:${index}.test`).join(',')),
      'ERR_TLS_CERT_ALTNAME_INVALID: certificate is for 0.test, 1.test, 2.test, 3.test and 36 more, not for live.test',
    ],
    [
      'of another common name',
      authority.issue('', { commonName: 'old.test' }),
      'ERR_TLS_CERT_ALTNAME_INVALID: certificate is for old.test, not for live.test',
    ],
  ];

  it.each(cases)('is reported: %s', async (_name, certificate, detail) => {
    const { port } = await listenTls(certificate);
    const error = await failureOf(dial, { host: 'live.test', port, tls: verified });
    expect(error).toMatchObject({ code: 'tls', retry: 'backoff', detail });
  });

  it('is reported: for other addresses', async () => {
    const { port } = await listenTls(authority.issue('DNS:live.test'));
    const error = await failureOf(dial, { host: '127.0.0.1', port, tls: verified });
    expect(error.detail).toBe('ERR_TLS_CERT_ALTNAME_INVALID: certificate is for live.test, not for 127.0.0.1');
  });

  it('is reported: of an authority that is not known', async () => {
    const { port } = await listenTls(valid);
    const error = await failureOf(dialWithoutAuthority, { host: 'live.test', port, tls: verified });
    expect(error.code).toBe('tls');
    expect(error.detail).toMatch(/^UNABLE_TO_\w+: the authority of the certificate is not trusted/);
  });

  it('is reported: a whole chain up to a private authority', async () => {
    const { port } = await listenTls(Buffer.concat([valid, authority.certificate]));
    const error = await failureOf(dialWithoutAuthority, { host: 'live.test', port, tls: verified });
    expect(error.detail).toBe(
      'SELF_SIGNED_CERT_IN_CHAIN: the certificate comes from a private authority that is not trusted',
    );
  });
});

describe('a handshake that fails', () => {
  const strangers: [string, (socket: Socket) => void, RegExp][] = [
    ['an HTTP server', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), /the port does not speak TLS$/],
    ['a server with a banner', (socket) => socket.write('SSH-2.0-target\r\n'), /the port does not speak TLS$/],
    ['an RTMP server', (socket) => socket.write(Buffer.alloc(3073, 3)), /the port does not speak TLS$/],
    ['an echo', (socket) => socket.pipe(socket), /the port does not speak TLS$/],
    ['a server that hangs up', (socket) => socket.end(), /^ECONNRESET: the target closed the connection/],
    [
      'a server that resets',
      (socket) => socket.once('data', () => socket.resetAndDestroy()),
      /^ECONNRESET: the target/,
    ],
  ];

  it.each(strangers)('is explained: %s', async (_name, onConnection, detail) => {
    const { port } = await listenPlain(onConnection);
    const error = await failureOf(dial, { host: 'live.test', port, tls: verified });
    expect(error.code).toBe('tls');
    expect(error.detail).toMatch(detail);
  });

  it('is explained: only old versions of TLS', async () => {
    const old: TlsOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };
    const { port } = await listenTls(valid, old);
    const error = await failureOf(dial, { host: 'live.test', port, tls: verified });
    expect(error.detail).toMatch(/: the target speaks only versions of TLS before 1\.2$/);
  });

  it('is explained: a client certificate is asked for', async () => {
    const { port } = await listenTls(valid, { requestCert: true, maxVersion: 'TLSv1.2' });
    const error = await failureOf(dial, { host: 'live.test', port, tls: verified });
    expect(error.detail).toMatch(/: the target found no common cipher, or asks for a client certificate$/);
  });

  it('is explained: a code without a meaning here stands for itself', async () => {
    const alert = Buffer.from('15030300020250', 'hex'); // fatal, internal_error
    const { port } = await listenPlain((socket) => socket.write(alert));
    const error = await failureOf(dial, { host: 'live.test', port, tls: verified });
    expect(error).toMatchObject({ code: 'tls', detail: expect.stringMatching(/^ERR_SSL_\S*INTERNAL_ERROR$/) });
  });

  it('ends at once when the signal aborts', async () => {
    const reason = new Error('not wanted any more');
    const abort = new AbortController();
    const { port } = await listenPlain((socket) => socket.once('data', () => abort.abort(reason)));
    expect(await failureOf(dial, { host: 'live.test', port, tls: verified }, abort.signal)).toBe(reason);
  });
});
