import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultDelivery, protocolFor } from '@pushfleet/protocols';
import { until } from '../harness/until.ts';
import { type ConformancePeer, MOST_BYTES_OF_A_FEED } from './peer.ts';

/** The HTTP server of Node as the receiver of one long request: writes the body to a file. */
function uploadPeer(scheme: string, ending: string): ConformancePeer {
  return {
    protocol: protocolFor(`${scheme}://`)!,
    delivery: defaultDelivery,
    mostPendingBytes: MOST_BYTES_OF_A_FEED,
    redirects: true,
    async start() {
      const directory = await mkdtemp(join(tmpdir(), `pushfleet-${scheme}-`));
      const file = (name: string) => join(directory, `${name}.${ending}`);
      /** Whether the body of a name came to its end; absent while it comes. */
      const ends = new Map<string, boolean>();
      const server = createServer({ requestTimeout: 0 }, (request, response) => {
        const name = request.url!.slice(1);
        if (redirectOrRefuse(request, response)) return;
        const output = createWriteStream(file(name));
        request.pipe(output, { end: false });
        request.on('end', () => response.end()).on('error', () => {});
        request.on('close', () => output.end(() => ends.set(name, request.complete)));
      });
      server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
        if (redirectOrRefuse(request, response)) return;
        response.writeContinue();
        server.emit('request', request, response);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const target = (name: string, at = port) => `${scheme}://127.0.0.1:${at}/${name}`;
      return {
        port,
        target,
        refused: { url: target('refused/any'), codes: ['http_403'] },
        redirected: (name) => target(`redirect/${name}`),
        received: async (name) => file(name),
        ended: (name) => until(() => ends.has(name), { what: `the end of ${name}` }).then(() => ends.get(name)!),
        keptBackFrames: 0,
        stop: async () => {
          server.close();
          server.closeAllConnections();
          await rm(directory, { recursive: true });
        },
      };
    },
  };
}

/** Answers what is no plain upload; says whether it was one of these. */
export function redirectOrRefuse({ url = '' }: IncomingMessage, response: ServerResponse): boolean {
  const [, verb, ...rest] = url.split('/');
  if (verb === 'refused') response.writeHead(403, { connection: 'close' }).end();
  else if (verb === 'redirect') response.writeHead(302, { location: `/${rest.join('/')}`, connection: 'close' }).end();
  else return false;
  return true;
}

export const tshttpPeer = uploadPeer('tshttp', 'ts');
export const m4sPeer = uploadPeer('m4s', 'mp4');
