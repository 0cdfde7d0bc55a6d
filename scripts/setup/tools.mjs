// Programs that are not npm packages: what we need, how to see that it is there, and what brings it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findExecutable, searchPath } from './executables.mjs';
import { findPackageManager } from './package-manager.mjs';
import { SetupError, timed } from './report.mjs';

const NGINX_RTMP_MODULES = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/local/lib/nginx/modules'].map(
  (directory) => `${directory}/ngx_rtmp_module.so`,
);

const redisServer = {
  title: 'Redis',
  isInstalled: () => findExecutable('redis-server', 'valkey-server') !== undefined,
  packages: { apt: ['redis-server'], dnf: ['valkey'], apk: ['redis'], brew: ['redis'] },
};

/** A Redis server that may also run in Docker, or somewhere else altogether. */
const redis = {
  ...redisServer,
  isInstalled: () => Boolean(process.env.REDIS_URL) || redisServer.isInstalled() || dockerRuns(),
  alternative: 'set REDIS_URL or start Docker',
};

const ffmpeg = {
  title: 'ffmpeg',
  isInstalled: () => ['ffmpeg', 'ffprobe'].every((name) => findExecutable(name)),
  packages: { apt: ['ffmpeg'], dnf: ['ffmpeg-free'], apk: ['ffmpeg'], brew: ['ffmpeg'] },
};

const nginxRtmp = {
  title: 'nginx with its RTMP module',
  isInstalled: () =>
    findExecutable('nginx') !== undefined &&
    (NGINX_RTMP_MODULES.some(existsSync) || succeeds('sh', ['-c', 'nginx -V 2>&1 | grep -q rtmp'])),
  packages: { apt: ['nginx', 'libnginx-mod-rtmp'], apk: ['nginx', 'nginx-mod-rtmp'] },
};

const APACHE_MODULES = ['mod_dav.so', 'mod_dav_fs.so', 'mod_auth_digest.so', 'mod_authn_file.so'];
const APACHE_MODULE_FOLDERS = [
  '/usr/lib/apache2/modules',
  '/usr/lib64/httpd/modules',
  '/usr/lib/apache2',
  '/opt/homebrew/lib/httpd/modules',
];

const GSTREAMER_ELEMENTS = [
  'qtdemux',
  'h264parse',
  'flvmux',
  'rtmp2sink',
  'rtmpsink',
  'curlhttpsink',
  'mpegtsmux',
  'tsdemux',
  'hlsdemux',
  'souphttpsrc',
  'x264enc',
  'avdec_h264',
];

const gstreamer = {
  title: 'GStreamer with its plug-ins',
  isInstalled: () => GSTREAMER_ELEMENTS.every((element) => succeeds('gst-inspect-1.0', ['--exists', element])),
  packages: {
    apt: ['tools', 'plugins-base', 'plugins-good', 'plugins-bad', 'plugins-ugly', 'libav'].map(
      (part) => `gstreamer1.0-${part}`,
    ),
    dnf: [
      'gstreamer1',
      'gstreamer1-plugins-base-tools',
      'gstreamer1-plugins-good',
      'gstreamer1-plugins-bad-free',
      'gstreamer1-plugins-ugly-free',
      'gstreamer1-plugin-libav',
    ],
    apk: [
      'gstreamer-tools',
      'gst-plugins-base',
      'gst-plugins-good',
      'gst-plugins-bad',
      'gst-plugins-ugly',
      'gst-libav',
    ],
    brew: ['gstreamer'],
  },
};

const apache = {
  title: 'Apache with WebDAV and Digest login',
  isInstalled: () =>
    findExecutable('apache2', 'httpd') !== undefined &&
    findExecutable('htdigest') !== undefined &&
    APACHE_MODULES.every((name) => APACHE_MODULE_FOLDERS.some((folder) => existsSync(`${folder}/${name}`))),
  packages: {
    apt: ['apache2-bin', 'apache2-utils'],
    dnf: ['httpd', 'httpd-tools'],
    apk: ['apache2', 'apache2-utils', 'apache2-webdav'],
    brew: ['httpd'],
  },
};

const chromium = {
  title: 'Chromium',
  isInstalled: () => findExecutable('chromium', 'chromium-browser', 'google-chrome') !== undefined,
  packages: { apt: ['chromium'], dnf: ['chromium-headless'], apk: ['chromium'], brew: ['chromium'] },
};

const curl = {
  title: 'curl',
  isInstalled: () => findExecutable('curl') !== undefined,
  packages: { apt: ['curl'], dnf: ['curl'], apk: ['curl'], brew: ['curl'] },
};

const openssl = {
  title: 'openssl',
  isInstalled: () => findExecutable('openssl') !== undefined,
  packages: { apt: ['openssl'], dnf: ['openssl'], apk: ['openssl'], brew: ['openssl'] },
};

export const toolsOfStart = [redis];
/** The tests freeze and kill their Redis, and talk to servers and clients that we did not write. */
export const toolsOfTest = [redisServer, ffmpeg, nginxRtmp, apache, gstreamer, chromium, curl, openssl];

/** The peers that we are measured against. */
export const toolsOfBench = [redisServer, ffmpeg, nginxRtmp];

/** Installs what is missing with the package manager of the host, or ends with one sentence that says what to do. */
export async function ensureTools(tools) {
  const missing = tools.filter((tool) => !tool.isInstalled());
  if (missing.length === 0) return;
  const titles = missing.map((tool) => tool.title).join(', ');
  const manager = findPackageManager();
  const packages = missing.flatMap((tool) => tool.packages[manager?.name] ?? []);
  let problem = 'there is no package manager here that the set-up knows';
  if (manager !== undefined) {
    const text = `installing ${titles} with ${manager.name} (services stay off)`;
    problem =
      packages.length > 0
        ? await timed(text, () => manager.install(packages))
        : `${manager.name} has no package for it`;
  }
  const still = missing.filter((tool) => !tool.isInstalled());
  if (still.length > 0) throw new SetupError(advice(still, problem));
}

function advice(tools, problem) {
  const titles = tools.map((tool) => tool.title).join(', ');
  const apt = tools.flatMap((tool) => tool.packages.apt).join(' ');
  const brew = tools.flatMap((tool) => tool.packages.brew ?? []).join(' ');
  const ways = [`apt-get install --no-install-recommends ${apt}`, brew && `brew install ${brew}`]
    .filter(Boolean)
    .join(', or ');
  const others = tools.flatMap((tool) => tool.alternative ?? []).map((way) => `, or ${way}`);
  return `Missing: ${titles}, and ${problem || 'the installation did not bring it'}. Install it (${ways})${others.join('')}, then run the command again.`;
}

const dockerRuns = () => succeeds('docker', ['info']);

function succeeds(command, args) {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 20_000, env: { ...process.env, PATH: searchPath() } });
    return true;
  } catch {
    return false;
  }
}
