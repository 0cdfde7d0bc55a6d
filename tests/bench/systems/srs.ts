import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { freePort, untilPortIsTaken } from '../../src/harness/ports.ts';
import { Child } from '../rig/child.ts';
import { type Load, rtmpTargets, type System } from './system.ts';

/** SRS from the binary at `path`, with its `forward`. */
export function srs(path: string): System {
  return {
    name: 'srs',
    label: 'SRS forward (merges writes of 250 ms)',
    async start(load) {
      const directory = await mkdtemp(join(tmpdir(), 'pushfleet-bench-srs-'));
      const hook = await startForwardHook(load);
      const port = await freePort();
      const file = join(directory, 'srs.conf');
      await writeFile(file, configuration(directory, port, hook.port));
      const child = new Child(path, ['-c', file]);
      await untilPortIsTaken(port);
      return {
        processes: () => [child.pid],
        begin: (publish) => publish(port),
        async stop() {
          await child.stop();
          hook.server.close();
          await rm(directory, { recursive: true, force: true });
        },
      };
    },
  };
}

/** SRS asks where a stream is to be forwarded to. */
async function startForwardHook(load: Load) {
  const server = createServer(async (request, response) => {
    const { stream } = (await json(request)) as { stream: string };
    const urls = rtmpTargets(load, load.streams === 1 ? undefined : Number(stream.slice(1)));
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ code: 0, data: { urls } }));
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, port };
}

const configuration = (directory: string, port: number, hookPort: number) => `
listen ${port}; max_connections 8000; daemon off; pid ${directory}/srs.pid; ff_log_dir ${directory};
srs_log_tank file; srs_log_file ${directory}/srs.log; srs_log_level warn; query_latest_version off;
http_api { enabled off; } http_server { enabled off; } rtc_server { enabled off; } heartbeat { enabled off; } stats { network 0; }
vhost __defaultVhost__ { chunk_size 60000; forward { enabled on; backend http://127.0.0.1:${hookPort}/forward; } }
`;
