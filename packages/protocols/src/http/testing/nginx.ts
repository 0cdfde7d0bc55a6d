// nginx as a store of files, behind a login and behind a redirect.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort, untilListening } from '../../publisher/testing/ports.ts';

const NGINX_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];

export interface Nginx {
  readonly port: number;
  /** What is put to `/dav/NAME`, or with a login to `/login/NAME`; `/router/NAME` redirects to the first. */
  file(name: string): string;
  stop(): Promise<void>;
}

export async function startNginx(user: string, password: string): Promise<Nginx> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'http-nginx-'));
  for (const folder of ['logs', 'dav', 'body']) await mkdir(join(directory, folder));
  await chmod(directory, 0o755);
  await writeFile(join(directory, 'passwords'), `${user}:{PLAIN}${password}\n`);
  const store = `alias ${directory}/dav/; dav_methods PUT; client_max_body_size 0;`;
  await writeFile(
    join(directory, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off;
    worker_processes 1;
    pid ${directory}/nginx.pid;
    error_log stderr;
    events { worker_connections 64; }
    http {
      access_log off;
      client_body_temp_path ${directory}/body;
      server {
        listen 127.0.0.1:${port};
        location /dav/ { ${store} }
        location /login/ { ${store} auth_basic ingest; auth_basic_user_file ${directory}/passwords; }
        location ~ ^/router/(.*)$ { return 302 /dav/$1; }
        location /forbidden/ { return 403; }
      }
    }`,
  );
  const env = { ...process.env, PATH: [process.env.PATH, ...NGINX_FOLDERS].join(delimiter) };
  const child = spawn('nginx', ['-p', directory, '-c', 'nginx.conf'], { env, stdio: 'ignore' });
  const exited = once(child, 'exit');
  const died = exited.then(() => Promise.reject(new Error('nginx with its DAV module does not start')));
  died.catch(() => {});
  await Promise.race([untilListening(port), died]);
  return {
    port,
    file: (name) => join(directory, 'dav', name),
    async stop() {
      child.kill();
      await exited;
      await rm(directory, { recursive: true });
    },
  };
}
