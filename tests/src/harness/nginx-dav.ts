import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { request } from 'undici';
import { freePort } from './ports.ts';
import { TestProcess } from './test-process.ts';
import { until } from './until.ts';

const DIRECTORIES_OF_NGINX = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

/** One request as a server has logged it. */
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** The lines of an access log in the form `METHOD PATH STATUS`. */
export function parseAccessLog(text: string): LoggedRequest[] {
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [method = '', path = '', status] = line.split(' ');
      return { method, path, status: Number(status) };
    });
}

/**
 * nginx with its DAV module, a store that we did not write. `full` makes missing folders by itself, `strict` answers 500 and wants MKCOL. Both
 * serve what they have.
 */
export class NginxDav {
  readonly port: number;
  readonly #directory: string;
  readonly #process: TestProcess;

  private constructor(port: number, directory: string) {
    this.port = port;
    this.#directory = directory;
    const env = { ...process.env, PATH: [process.env.PATH, ...DIRECTORIES_OF_NGINX].join(delimiter) };
    this.#process = new TestProcess('nginx-dav', 'nginx', ['-p', directory, '-c', join(directory, 'nginx.conf')], {
      env,
    });
  }

  static async start(): Promise<NginxDav> {
    const port = await freePort();
    const directory = await mkdtemp(join(tmpdir(), 'pushfleet-nginx-dav-'));
    await chmod(directory, 0o755);
    for (const name of ['full', 'strict', 'logs', 'tmp']) await mkdir(join(directory, name));
    await writeFile(join(directory, 'nginx.conf'), configuration(directory, port));
    const nginx = new NginxDav(port, directory);
    const isServing = async () => {
      await (await request(`${nginx.url}/`)).body.dump();
      return true;
    };
    await until(isServing, { what: () => `nginx to serve, got: ${nginx.#process.output}`, everyMs: 20 });
    return nginx;
  }

  /** Without a path. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Names in a folder, `full/live`. */
  async files(folder: string): Promise<string[]> {
    return (await readdir(join(this.#directory, folder)).catch(() => [])).sort();
  }

  /** What it was asked, apart from what only reads. */
  async writes(): Promise<LoggedRequest[]> {
    const log = parseAccessLog(await readFile(join(this.#directory, 'logs', 'access'), 'utf8'));
    return log.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

export const startNginxDav = (): Promise<NginxDav> => NginxDav.start();

function configuration(directory: string, port: number): string {
  return `
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off;
    worker_processes 1;
    pid ${directory}/nginx.pid;
    error_log stderr warn;
    events { worker_connections 64; }
    http {
      log_format written "$request_method $uri $status";
      access_log ${directory}/logs/access written;
      client_body_temp_path ${directory}/tmp/body;
      proxy_temp_path ${directory}/tmp/proxy;
      fastcgi_temp_path ${directory}/tmp/fastcgi;
      uwsgi_temp_path ${directory}/tmp/uwsgi;
      scgi_temp_path ${directory}/tmp/scgi;
      client_max_body_size 0;
      types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; }
      server {
        listen 127.0.0.1:${port};
        root ${directory};
        dav_methods PUT DELETE MKCOL;
        location /full/ { create_full_put_path on; }
        location /strict/ { create_full_put_path off; }
      }
    }
  `;
}
