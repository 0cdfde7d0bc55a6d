import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, untilPortIsTaken } from '../../src/harness/ports.ts';
import { processTrees } from '../measure/process-cost.ts';
import { Child } from '../rig/child.ts';
import { type Load, type RunningSystem, rtmpTargets, type System } from './system.ts';

/** As Debian packages it. */
export const nginxPackaged = nginxRtmp('nginx', 'nginx-rtmp as packaged (chunk 4096)', 4096);
/** Most messages are one chunk, so there is little to frame. */
export const nginxTuned = nginxRtmp('nginx60k', 'nginx-rtmp, chunk 60000', 60_000);

const MODULES = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/local/lib/nginx/modules'];

function nginxRtmp(name: string, label: string, chunkSize: number): System {
  return {
    name,
    label,
    async start(load: Load): Promise<RunningSystem> {
      const nginx = await startNginx(chunkSize, rtmpTargets(load));
      return {
        processes: () => processTrees([nginx.pid]),
        begin: (publish) => publish(nginx.port),
        stop: nginx.stop,
      };
    },
  };
}

/** nginx-rtmp that sends each stream on to all `targets`, from one process. */
export async function startNginx(chunkSize: number, targets: readonly string[]) {
  const directory = await mkdtemp(join(tmpdir(), 'pushfleet-bench-nginx-'));
  await chmod(directory, 0o755);
  const port = await freePort();
  const module = MODULES.map((path) => join(path, 'ngx_rtmp_module.so')).find(existsSync);
  await writeFile(
    join(directory, 'nginx.conf'),
    `${module === undefined ? '' : `load_module ${module};`}
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off;
    worker_processes 1;
    worker_rlimit_nofile 20000;
    pid ${directory}/nginx.pid;
    error_log stderr error;
    events { worker_connections 16384; }
    rtmp {
      access_log off;
      server {
        listen 127.0.0.1:${port};
        chunk_size ${chunkSize};
        application live { live on; ${targets.map((url) => `push ${url};`).join('\n')} }
      }
    }`,
  );
  const child = new Child('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf')]);
  await untilPortIsTaken(port);
  const stop = async () => {
    await child.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { pid: child.pid, port, stop };
}
