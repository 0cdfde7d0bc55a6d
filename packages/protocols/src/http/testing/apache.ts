// Apache with mod_dav behind mod_auth_digest: a server that checks Digest in its own way and stores what is put.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort, untilListening } from '../../publisher/testing/ports.ts';

const APACHE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];
const MODULE_FOLDERS = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/opt/homebrew/lib/httpd/modules'];
const MODULES = ['mpm_event', 'authn_core', 'authn_file', 'authz_core', 'authz_user', 'auth_digest', 'dav', 'dav_fs'];

/** Apache does not serve as root: it takes this one then. */
const NOBODY = 65_534;

export interface Apache {
  readonly port: number;
  /** What is put to `/dav/NAME`. */
  file(name: string): string;
  stop(): Promise<void>;
}

/** Lets `user` with `password` in, and nobody else. */
export async function startApache(user: string, password: string): Promise<Apache> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'http-apache-'));
  await mkdir(join(directory, 'dav'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) for (const folder of [directory, join(directory, 'dav')]) await chown(folder, NOBODY, NOBODY);
  const modules = MODULE_FOLDERS.find(existsSync);
  const secret = createHash('md5').update(`${user}:ingest:${password}`).digest('hex');
  await writeFile(join(directory, 'passwords'), `${user}:ingest:${secret}\n`);
  await writeFile(
    join(directory, 'httpd.conf'),
    `ServerRoot ${directory}
    PidFile ${directory}/pid
    Mutex file:${directory} default
    Listen 127.0.0.1:${port}
    ServerName localhost
    ${MODULES.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join('\n')}
    ${isRoot ? `User #${NOBODY}\nGroup #${NOBODY}` : ''}
    DocumentRoot ${directory}
    ErrorLog ${directory}/errors
    DavLockDB ${directory}/locks
    <Directory ${directory}/dav>
      Dav On
      AuthType Digest
      AuthName ingest
      AuthDigestDomain /dav/
      AuthDigestProvider file
      AuthUserFile ${directory}/passwords
      Require valid-user
    </Directory>`,
  );
  const env = { ...process.env, PATH: [process.env.PATH, ...APACHE_FOLDERS].join(delimiter) };
  const args = ['-f', join(directory, 'httpd.conf'), '-DFOREGROUND'];
  const child = spawn('apache2', args, { env, stdio: 'ignore' });
  const exited = once(child, 'exit');
  const died = exited.then(() => Promise.reject(new Error('Apache with mod_dav and mod_auth_digest does not start')));
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
