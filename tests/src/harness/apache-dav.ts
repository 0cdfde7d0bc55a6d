import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type LoggedRequest, parseAccessLog } from './nginx-dav.ts';
import { freePort, untilPortIsTaken } from './ports.ts';
import { TestProcess } from './test-process.ts';

const DIRECTORIES_OF_APACHE = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];
const MODULES = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/opt/homebrew/lib/httpd/modules'];
const NAMES = [
  'mpm_event',
  'alias',
  'authn_core',
  'authn_file',
  'authz_core',
  'authz_user',
  'auth_digest',
  'dav',
  'dav_fs',
];
/** Apache does not serve as root: it takes this one then. */
const NOBODY = 65_534;
const USER = 'studio';
const PASSWORD = 'p@ss word';

/**
 * Apache with WebDAV behind Digest, the nearest that can be had to Akamai and MediaPackage. Missing folders are answered with 409. Whoever only
 * reads needs no login: he finds below `/play/` what is written below `/dav/`.
 */
export class ApacheDav {
  readonly port: number;
  readonly #directory: string;
  readonly #process: TestProcess;

  private constructor(port: number, directory: string) {
    this.port = port;
    this.#directory = directory;
    const env = { ...process.env, PATH: [process.env.PATH, ...DIRECTORIES_OF_APACHE].join(delimiter) };
    this.#process = new TestProcess('apache-dav', 'apache2', ['-f', join(directory, 'httpd.conf'), '-DFOREGROUND'], {
      env,
    });
  }

  static async start(): Promise<ApacheDav> {
    const port = await freePort();
    const directory = await mkdtemp(join(tmpdir(), 'pushfleet-apache-dav-'));
    await mkdir(join(directory, 'dav'));
    const secret = createHash('md5').update(`${USER}:ingest:${PASSWORD}`).digest('hex');
    await writeFile(join(directory, 'passwords'), `${USER}:ingest:${secret}\n`);
    await writeFile(join(directory, 'httpd.conf'), configuration(directory, port));
    if (process.getuid?.() === 0) {
      for (const folder of [directory, join(directory, 'dav')]) await chown(folder, NOBODY, NOBODY);
    }
    const apache = new ApacheDav(port, directory);
    await untilPortIsTaken(port);
    return apache;
  }

  /** Of what everybody may read. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/play`;
  }

  /** Name and password with host and port, for a URL. */
  get authority(): string {
    return `${encodeURIComponent(USER)}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${this.port}`;
  }

  /** Names in a folder below `/dav/`. */
  async files(folder: string): Promise<string[]> {
    return (await readdir(join(this.#directory, 'dav', folder)).catch(() => [])).sort();
  }

  async requests(): Promise<LoggedRequest[]> {
    return parseAccessLog(await readFile(join(this.#directory, 'access'), 'utf8'));
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

export const startApacheDav = (): Promise<ApacheDav> => ApacheDav.start();

function configuration(directory: string, port: number): string {
  const modules = MODULES.find(existsSync);
  return `
    ServerRoot ${directory}
    PidFile ${directory}/pid
    Mutex file:${directory} default
    Listen 127.0.0.1:${port}
    ServerName localhost
    ${NAMES.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join('\n')}
    ${process.getuid?.() === 0 ? `User #${NOBODY}\nGroup #${NOBODY}` : ''}
    DocumentRoot ${directory}
    ErrorLog ${directory}/errors
    <IfModule !log_config_module>
      LoadModule log_config_module ${modules}/mod_log_config.so
    </IfModule>
    LogFormat "%m %U %>s" written
    CustomLog ${directory}/access written
    DavLockDB ${directory}/locks
    KeepAlive On
    MaxKeepAliveRequests 0
    Alias /play/ ${directory}/dav/
    <Location /dav/>
      Dav On
      AuthType Digest
      AuthName ingest
      AuthDigestDomain /dav/
      AuthDigestProvider file
      AuthUserFile ${directory}/passwords
      Require valid-user
    </Location>
  `;
}
