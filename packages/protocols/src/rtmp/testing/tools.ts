// Programs that we did not write: nginx-rtmp and ffmpeg as servers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort, untilListening } from '../../publisher/testing/ports.ts';
import { finished } from '../../publisher/testing/programs.ts';

const NGINX_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];
const MODULE_FOLDERS = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/local/lib/nginx/modules'];

export interface NginxRtmp {
  /** `rtmp://127.0.0.1:PORT`. Applications: `live` records, `strict` refuses publishers after Publish.Start. */
  readonly url: string;
  /** File of a stream that was published to `live`; complete when the publisher has gone. */
  recording(name: string): string;
  stop(): Promise<void>;
}

export async function startNginx(): Promise<NginxRtmp> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'rtmp-publisher-'));
  await mkdir(join(directory, 'logs'));
  const module = MODULE_FOLDERS.map((folder) => join(folder, 'ngx_rtmp_module.so')).find(existsSync);
  await writeFile(
    join(directory, 'nginx.conf'),
    `${module === undefined ? '' : `load_module ${module};`}
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off;
    worker_processes 1;
    pid ${directory}/nginx.pid;
    error_log stderr;
    events { worker_connections 64; }
    rtmp { server {
      listen 127.0.0.1:${port};
      max_message 4M;
      application live { live on; record all; record_path ${directory}; }
      application strict { live on; deny publish all; }
    } }`,
  );
  const env = { ...process.env, PATH: [process.env.PATH, ...NGINX_FOLDERS].join(delimiter) };
  const child = spawn('nginx', ['-p', directory, '-c', 'nginx.conf'], { env, stdio: 'ignore' });
  const exited = once(child, 'exit');
  const died = exited.then(() => Promise.reject(new Error('nginx with its RTMP module does not start')));
  died.catch(() => {});
  await Promise.race([untilListening(port), died]);
  return {
    url: `rtmp://127.0.0.1:${port}`,
    recording: (name) => join(directory, `${name}.flv`),
    async stop() {
      child.kill();
      await exited;
      await rm(directory, { recursive: true });
    },
  };
}

/** ffmpeg as a server for one publisher. `output` resolves with what it has to say, once the publisher has gone. */
export async function startFfmpegServer(file: string): Promise<{ url: string; output: Promise<{ stderr: string }> }> {
  const url = `rtmp://127.0.0.1:${await freePort()}/live/x`;
  const args = ['-v', 'verbose', '-listen', '1', '-timeout', '20', '-i', url, '-c', 'copy', '-f', 'flv', file];
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  return { url, output: finished(child) };
}
