import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from './tool.ts';

export interface Certificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

/** As in a subject alternative name. */
const LOOPBACK = 'DNS:localhost,IP:127.0.0.1';

/** A self-made certificate, of which no client has a reason to think well. */
export async function makeCertificate(names = LOOPBACK): Promise<Certificate> {
  const directory = await mkdtemp(join(tmpdir(), 'pushfleet-certificate-'));
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const subject = ['-subj', '/CN=self-made', '-addext', `subjectAltName=${names}`, '-days', '2'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const { code, stderr } = await runTool('openssl', [
    'req',
    '-x509',
    ...key,
    ...subject,
    '-keyout',
    keyFile,
    '-out',
    certFile,
  ]);
  if (code !== 0) throw new Error(`openssl failed: ${stderr.trim()}`);
  const certificate = { key: await readFile(keyFile, 'utf8'), cert: await readFile(certFile, 'utf8') };
  await rm(directory, { recursive: true });
  return certificate;
}
