import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from './certificate.ts';
import { freePort } from './ports.ts';
import { TestProcess } from './test-process.ts';
import { until } from './until.ts';

/**
 * node-media-server: an RTMP and RTMPS server that we did not write, which records, and keeps Enhanced RTMP headers for late players. It refuses a
 * second publisher of a name after it has said NetStream.Publish.Start.
 */
export interface NodeMediaServer {
  /** `rtmp://127.0.0.1:PORT/live`, to publish to and to play from. */
  readonly url: string;
  /** The same by RTMPS, with a self-made certificate. */
  readonly secureUrl: string;
  /** PEM of that certificate, for clients that are to trust it. */
  readonly certificateFile: string;
  /** FLV over HTTP of a stream that is live. */
  httpFlvUrl(name: string): string;
  /** File of a stream that was published first by this name. */
  recording(name: string): Promise<string>;
  /** Resolves when a stream of this name has been recorded in part. */
  untilPublished(name: string): Promise<void>;
  stop(): Promise<void>;
}

export interface NodeMediaServerOptions {
  /** Whom its certificate is for, as in a subject alternative name; the loopback when absent. */
  readonly certificateNames?: string;
}

export async function startNodeMediaServer({
  certificateNames,
}: NodeMediaServerOptions = {}): Promise<NodeMediaServer> {
  const directory = await mkdtemp(join(tmpdir(), 'pushfleet-nms-'));
  const [rtmp, rtmps, http] = [await freePort(), await freePort(), await freePort()];
  const { key, cert } = await makeCertificate(certificateNames);
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  await writeFile(keyFile, key);
  await writeFile(certFile, cert);
  const config = {
    bind: '127.0.0.1',
    auth: { play: false, publish: false, secret: '', jwt: { users: [] } },
    store: { path: join(directory, 'store'), maxHistory: 10 },
    rtmp: { port: rtmp },
    rtmps: { port: rtmps, key: keyFile, cert: certFile },
    http: { port: http },
    record: { auto: true, path: join(directory, 'records') },
    notify: { url: '' },
    webadmin: { enable: false },
  };
  const library = createRequire(import.meta.url).resolve('node-media-server');
  const code = `new (require(${JSON.stringify(library)}))(${JSON.stringify(config)}).run()`;
  const server = new TestProcess('node-media-server', process.execPath, ['--eval', code], { cwd: directory });
  for (const port of [rtmp, rtmps, http]) {
    await until(() => accepts(port), { what: () => `port ${port} to be served, got: ${server.output}` });
  }
  const recording = async (name: string) => {
    const folder = join(directory, 'records', 'live', name);
    const [first = ''] = (await readdir(folder)).sort(); // named by their time
    return join(folder, first);
  };
  return {
    url: `rtmp://127.0.0.1:${rtmp}/live`,
    secureUrl: `rtmps://127.0.0.1:${rtmps}/live`,
    certificateFile: certFile,
    httpFlvUrl: (name) => `http://127.0.0.1:${http}/live/${name}.flv`,
    recording,
    async untilPublished(name) {
      const hasBytes = async () => (await stat(await recording(name))).size > 0;
      await until(hasBytes, { what: `node-media-server to receive ${name}` });
    },
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
