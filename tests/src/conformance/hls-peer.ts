import { once } from 'node:events';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { defaultDelivery, protocolFor } from '@pushfleet/protocols';
import { until } from '../harness/until.ts';
import type { ConformancePeer } from './peer.ts';
import { redirectOrRefuse } from './upload-peer.ts';

const GROUP_FRAMES = 50;

/** The HTTP server of Node as a store of files: strings the segments of a name together in the order in which they come. */
export const hlsPeer: ConformancePeer = {
  protocol: protocolFor('hls://')!,
  delivery: { ...defaultDelivery, segmentDurationMs: 2000, segmentCount: 4 },
  mostPendingBytes: 64 << 20,
  redirects: true,
  async start() {
    const directory = await mkdtemp(join(tmpdir(), 'pushfleet-hls-'));
    const file = (name: string) => join(directory, `${name}.ts`);
    const playlists = new Map<string, string>();
    const server = createServer(async (request, response) => {
      if (redirectOrRefuse(request, response)) return;
      const [name = '', ...path] = request.url!.slice(1).split('/');
      if (request.method === 'GET' || request.method === 'HEAD') {
        const playlist = playlists.get(name);
        response.writeHead(playlist === undefined ? 404 : 200).end(playlist);
        return;
      }
      const body = await buffer(request).catch(() => undefined); // the publisher has gone
      if (body === undefined) return;
      if (request.method === 'PUT') {
        if (path.at(-1)?.endsWith('.m3u8')) playlists.set(name, body.toString());
        else await appendFile(file(name), body);
      }
      response.writeHead(request.method === 'PUT' ? 201 : 204).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const target = (name: string, at = port) => `hls://127.0.0.1:${at}/${name}/`;
    return {
      port,
      target,
      refused: { url: target('refused'), codes: ['http_403'] },
      redirected: (name) => `hls://127.0.0.1:${port}/redirect/${name}/`,
      received: async (name) => {
        await writeFile(file(name), '', { flag: 'a' });
        return file(name);
      },
      ended: async (name) => {
        const isEnded = () => playlists.get(name)?.includes('#EXT-X-ENDLIST');
        return (await until(isEnded, { what: `the end of ${name}` })) ?? false;
      },
      keptBackFrames: GROUP_FRAMES,
      stop: async () => {
        server.close();
        server.closeAllConnections();
        await rm(directory, { recursive: true });
      },
    };
  },
};
