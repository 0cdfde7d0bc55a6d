import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { request } from 'undici';
import { freePort } from './ports.ts';
import { TestProcess } from './test-process.ts';
import { until } from './until.ts';

export interface NginxRtmpOptions {
  readonly port?: number;
  /** Longest RTMP message that it takes, in the words of nginx: `4M`. */
  readonly maxMessage?: string;
}

/** A stream as nginx sees it. */
export interface NginxStream {
  readonly name: string;
  readonly isPublished: boolean;
  readonly bytesIn: number;
  readonly clients: number;
}

const DIRECTORIES_OF_NGINX = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
const MODULES = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/local/lib/nginx/modules'];

/**
 * nginx-rtmp, an RTMP server that we did not write. Applications: `live` records every stream as FLV; `strict` refuses every publisher,
 * after it has said NetStream.Publish.Start.
 */
export class NginxRtmp {
  readonly port: number;
  readonly #httpPort: number;
  readonly #directory: string;
  #process: TestProcess;

  private constructor(port: number, httpPort: number, directory: string) {
    this.port = port;
    this.#httpPort = httpPort;
    this.#directory = directory;
    this.#process = this.#spawn();
  }

  static async start({ port, maxMessage = '4M' }: NginxRtmpOptions = {}): Promise<NginxRtmp> {
    const rtmpPort = port ?? (await freePort());
    const httpPort = await freePort();
    const directory = await mkdtemp(join(tmpdir(), 'pushfleet-nginx-'));
    await chmod(directory, 0o755);
    for (const name of ['records', 'logs', 'tmp']) await mkdir(join(directory, name));
    await writeFile(join(directory, 'nginx.conf'), configuration({ directory, rtmpPort, httpPort, maxMessage }));
    const nginx = new NginxRtmp(rtmpPort, httpPort, directory);
    await nginx.#untilServing();
    return nginx;
  }

  /** Of the application `live`, without a stream name. */
  get url(): string {
    return `rtmp://127.0.0.1:${this.port}/live`;
  }

  /** Of the application that refuses every publisher. */
  get strictUrl(): string {
    return `rtmp://127.0.0.1:${this.port}/strict`;
  }

  /** Where it speaks HTTP. */
  get httpPort(): number {
    return this.#httpPort;
  }

  /** File of a stream that was published to `live`; a new publisher of the name writes it anew. */
  recording(name: string): string {
    return join(this.#directory, 'records', `${name}.flv`);
  }

  /** Names of the streams that were recorded. */
  async recordings(): Promise<string[]> {
    const files = await readdir(join(this.#directory, 'records'));
    return files.map((file) => file.replace(/\.flv$/, '')).sort();
  }

  /** The streams of the application `live` as they are now. */
  async streams(): Promise<NginxStream[]> {
    const answer = await request(`http://127.0.0.1:${this.#httpPort}/stat`);
    const live = /<name>live<\/name>([\s\S]*?)<\/application>/.exec(await answer.body.text())?.[1] ?? '';
    return [...live.matchAll(/<stream>\s*<name>(.*?)<\/name>([\s\S]*?)<\/stream>/g)].map(
      ([, name = '', details = '']) => ({
        name,
        isPublished: details.includes('<publishing/>'),
        bytesIn: Number(/<bytes_in>(\d+)/.exec(details)?.[1] ?? 0),
        clients: Number(/<nclients>(\d+)/.exec(details)?.[1] ?? 0),
      }),
    );
  }

  /** Resolves when a stream is being published and bytes of it arrive. */
  async untilPublished(name: string, timeoutMs = 10_000): Promise<void> {
    const isLive = (stream: NginxStream) => stream.name === name && stream.isPublished && stream.bytesIn > 0;
    await until(async () => (await this.streams()).some(isLive), { what: `nginx to receive ${name}`, timeoutMs });
  }

  /** Resolves when a stream has neither publisher nor players: its recording is complete. */
  async untilGone(name: string): Promise<void> {
    const isGone = async () => (await this.streams()).every((stream) => stream.name !== name);
    await until(isGone, { what: `the end of ${name} at nginx` });
  }

  /** Closes the connection of a stream's publisher; the server goes on. */
  async dropPublisher(name: string): Promise<void> {
    const url = `http://127.0.0.1:${this.#httpPort}/control/drop/publisher?app=live&name=${encodeURIComponent(name)}`;
    await (await request(url)).body.dump();
  }

  /** Dies as from a power cut; `restart` brings it back on the same port. */
  async kill(): Promise<void> {
    this.#process.killGroup('SIGKILL');
    await this.#process.exited;
  }

  async restart(): Promise<void> {
    this.#process = this.#spawn();
    await this.#untilServing();
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #spawn(): TestProcess {
    const env = { ...process.env, PATH: [process.env.PATH, ...DIRECTORIES_OF_NGINX].join(delimiter) };
    const args = ['-p', this.#directory, '-c', join(this.#directory, 'nginx.conf')];
    return new TestProcess('nginx', 'nginx', args, { env });
  }

  async #untilServing(): Promise<void> {
    const isServing = async () => {
      await this.streams();
      return true;
    };
    await until(isServing, { what: () => `nginx to serve, got: ${this.#process.output}`, everyMs: 20 });
  }
}

export const startNginxRtmp = (options?: NginxRtmpOptions): Promise<NginxRtmp> => NginxRtmp.start(options);

interface Settings {
  readonly directory: string;
  readonly rtmpPort: number;
  readonly httpPort: number;
  readonly maxMessage: string;
}

function configuration({ directory, rtmpPort, httpPort, maxMessage }: Settings): string {
  const module = MODULES.map((path) => join(path, 'ngx_rtmp_module.so')).find(existsSync);
  return `
    ${module === undefined ? '' : `load_module ${module};`}
    ${process.getuid?.() === 0 ? 'user root;' : '' /* else the recordings would belong to nobody */}
    daemon off;
    worker_processes 1;
    pid ${directory}/nginx.pid;
    error_log stderr info;
    events { worker_connections 512; }
    rtmp {
      server {
        listen 127.0.0.1:${rtmpPort};
        chunk_size 4096;
        ping 10s;
        ping_timeout 5s;
        max_message ${maxMessage};
        application live { live on; record all; record_path ${directory}/records; record_unique off; }
        application strict { live on; deny publish all; allow play all; }
      }
    }
    http {
      access_log off;
      client_body_temp_path ${directory}/tmp/body;
      proxy_temp_path ${directory}/tmp/proxy;
      fastcgi_temp_path ${directory}/tmp/fastcgi;
      uwsgi_temp_path ${directory}/tmp/uwsgi;
      scgi_temp_path ${directory}/tmp/scgi;
      server {
        listen 127.0.0.1:${httpPort};
        location /stat { rtmp_stat all; }
        location /control { rtmp_control all; }
      }
    }
  `;
}
