// npm packages, and the Node that comes with them.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './child.mjs';
import { SetupError, timed } from './report.mjs';

const OLDEST_NODE = [24, 15];

/** Installs the packages of the lock file unless they are there already, whoever installed them. */
export async function ensureDependencies(root) {
  const nodeBinary = path.join(root, 'node_modules', '.bin', 'node');
  const isBroken = existsSync(nodeBinary) && !nodeVersion(nodeBinary); // of another platform, or cut short by a full disk
  if (!isBroken && isInstalled(root)) return;

  const [command, ...npm] = npmCommand();
  const args = [...npm, 'ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code } = await timed('installing the packages of package-lock.json', () =>
    run(command, args, { cwd: root, env: npmEnvironment() }),
  );
  if (code !== 0) throw new SetupError(`npm ci failed with exit code ${code}: see its messages above.`);
}

/** Compares what package-lock.json asks for with what npm wrote down when it last finished an installation. */
function isInstalled(root) {
  const wanted = lockedPackages(path.join(root, 'package-lock.json'));
  const installed = lockedPackages(path.join(root, 'node_modules', '.package-lock.json'));
  return Object.entries(wanted).every(([folder, { version, optional }]) => {
    if (folder === '') return true; // the repository itself
    return folder in installed ? installed[folder].version === version : optional; // optional: for another platform
  });
}

function lockedPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {};
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
