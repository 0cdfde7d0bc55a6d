// npm packages, and the Node that comes with them.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './child.mjs';
import { SetupError, timed } from './report.mjs';

const OLDEST_NODE = [24, 15];

/** Installs the packages of the lock file unless exactly these are there already. */
export async function ensureDependencies(root) {
  const stamp = path.join(root, 'node_modules', '.pushfleet-stamp');
  const wanted = dependencyStamp(root);
  const nodeBinary = path.join(root, 'node_modules', '.bin', 'node');
  const isBroken = existsSync(nodeBinary) && !nodeVersion(nodeBinary); // for instance cut short by a full disk
  if (!isBroken && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  const [command, ...npm] = npmCommand();
  const args = [...npm, 'ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code } = await timed('installing the packages of package-lock.json', () =>
    run(command, args, { cwd: root, env: npmEnvironment() }),
  );
  if (code !== 0) throw new SetupError(`npm ci failed with exit code ${code}: see its messages above.`);
  writeFileSync(stamp, wanted);
}

/** Names the lock file and the platform that node_modules was made for. */
export function dependencyStamp(root) {
  const lock = readFileSync(path.join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex');
}

/** The Node that the lock file pins; on a platform without one, the caller's if it is new enough. */
export function pinnedNode(root) {
  const pinned = path.join(root, 'node_modules', '.bin', 'node');
  if (nodeVersion(pinned)) return pinned;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return process.execPath;
  throw new SetupError(
    `Pushfleet needs Node ${OLDEST_NODE.join('.')} or newer, and npm has none for ${process.platform}-${process.arch}: install one and run the command with it (this is ${process.version}).`,
  );
}

function nodeVersion(binary) {
  try {
    return execFileSync(binary, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

/** The very npm that runs us, by the Node that runs us: the one in node_modules is about to be replaced. */
function npmCommand() {
  const script = process.env.npm_execpath;
  return script?.endsWith('.js') ? [process.execPath, script] : ['npm'];
}

/** Without what `npm run` told us about itself, but with the person's own registry, proxy and cache settings. */
export function npmEnvironment() {
  const kept = /^npm_config_(registry|cafile|proxy|https_proxy|noproxy|userconfig|globalconfig|cache)$/i;
  const entries = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || kept.test(name));
  return Object.fromEntries(entries);
}
