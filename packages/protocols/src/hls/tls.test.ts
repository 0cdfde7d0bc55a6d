import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultDelivery } from '../publisher/delivery.ts';
import type { DialOptions } from '../publisher/publisher.ts';
import { dial } from '../publisher/testing/dial.ts';
import { run } from '../publisher/testing/programs.ts';
import { HlsPublisher } from './publisher.ts';
import { parseHlsTarget } from './target.ts';
import { newSegment, TestMemory } from './testing/push.ts';

let directory: string;
let server: Server;
let connections = 0;
const requests: { line: string; hash: string | undefined }[] = [];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hls-tls-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const algorithm = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await run('openssl', 'req', '-x509', ...algorithm, '-subj', '/CN=localhost', '-keyout', key, '-out', cert);
  server = createServer({ key: await readFile(key), cert: await readFile(cert) }, async (request, response) => {
    const { method, url, headers } = request;
    await buffer(request);
    requests.push({ line: `${method} ${url} ${headers.host}`, hash: headers['x-amz-content-sha256'] as string });
    response.writeHead(method === 'PUT' ? 201 : 404).end();
  });
  server.on('secureConnection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true });
});

it('gets its connections with TLS from the dial, and leaves the payload unsigned inside them', async () => {
  const { port } = server.address() as AddressInfo;
  const asked: DialOptions['tls'][] = [];
  const trusting = (options: DialOptions) => {
    asked.push(options.tls);
    return dial({ ...options, host: '127.0.0.1', tls: { ...options.tls, verify: false } });
  };
  const delivery = { ...defaultDelivery, hlsProfile: 's3' as const };
  const target = parseHlsTarget(`hlss://KEY:secret@localhost:${port}/live/`, delivery);
  const publisher = new HlsPublisher(target, { dial: trusting, connectTimeoutMs: 5000, memory: new TestMemory() });
  const signal = new AbortController().signal;
  await publisher.connect(signal);
  const segment = newSegment();
  await publisher.send(
    {
      open: (sink) => {
        sink.write(segment.bytes, segment);
        sink.end('final');
      },
      close: () => {},
    },
    signal,
  );
  expect(requests.map(({ line }) => line.replace(/1-\d+/, 'N'))).toEqual([
    `GET /live/index.m3u8 localhost:${port}`,
    `PUT /live/N.ts localhost:${port}`,
    `PUT /live/index.m3u8 localhost:${port}`,
    `PUT /live/index.m3u8 localhost:${port}`,
  ]);
  expect(new Set(requests.map(({ hash }) => hash))).toEqual(new Set(['UNSIGNED-PAYLOAD']));
  expect(connections).toBe(asked.length); // nobody else has opened one
  expect(asked).toEqual([
    { verify: true, servername: 'localhost' },
    { verify: true, servername: 'localhost' },
  ]);
});
