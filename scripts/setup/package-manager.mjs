// System packages, whose services stay off and whose running services stay untouched.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { run } from './child.mjs';
import { findExecutable, searchPath } from './executables.mjs';

/**
 * Debian starts a service as soon as its package is installed, unless this file says no (exit 101). It is put there for the
 * duration of the installation only, and never in place of the one that the administrator made.
 */
const WITHOUT_STARTING_SERVICES = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
fi
"$@"
`;

const APT = ['apt-get', '-o', 'DPkg::Lock::Timeout=300', '-q', '-y'];

const managers = [
  {
    name: 'apt',
    command: 'apt-get',
    needsRoot: true,
    async install(execute, packages) {
      const install = () =>
        execute('sh', [
          '-c',
          WITHOUT_STARTING_SERVICES,
          'sh',
          ...APT,
          'install',
          '--no-install-recommends',
          ...packages,
        ]);
      const update = () => execute(APT[0], [...APT.slice(1), 'update']);
      if (!hasAptLists()) await update();
      const first = await install();
      if (first.code === 0) return first;
      await update(); // the lists may name versions that the mirror has dropped
      return install();
    },
  },
  {
    name: 'dnf',
    command: 'dnf',
    needsRoot: true,
    install: (execute, packages) => execute('dnf', ['install', '-y', ...packages]),
  },
  {
    name: 'apk',
    command: 'apk',
    needsRoot: true,
    install: (execute, packages) => execute('apk', ['add', ...packages]),
  },
  {
    name: 'brew',
    command: 'brew',
    needsRoot: false,
    install: (execute, packages) => execute('brew', ['install', ...packages]),
  },
];

/** The package manager of this host, or undefined when there is none that we know. */
export function findPackageManager() {
  const manager = managers.find(({ command }) => findExecutable(command));
  return manager === undefined ? undefined : { name: manager.name, install: (packages) => install(manager, packages) };
}

/** @returns {Promise<string>} what went wrong; empty when all is well */
async function install(manager, packages) {
  const prefix = manager.needsRoot ? rootPrefix() : [];
  if (prefix === undefined) return 'this needs root or sudo without password';
  const environment = { PATH: searchPath(), DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
  const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const execute = (command, args) => {
    const [program, ...rest] = [...prefix, 'env', ...assignments, command, ...args]; // sudo drops the environment
    return run(program, rest, { output: 'collect', patient: true });
  };
  const { code, output } = await manager.install(execute, packages);
  return code === 0 ? '' : `${manager.name} failed: ${lastLines(output)}`;
}

const lastLines = (output) =>
  output
    .trim()
    .split(/\s*\n\s*/)
    .slice(-3)
    .join(' / ')
    .replace(/\s+/g, ' ');

function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return ['sudo', '-n'];
  } catch {
    return undefined;
  }
}

function hasAptLists() {
  try {
    return readdirSync('/var/lib/apt/lists').some((file) => /_Packages(\.|$)/.test(file));
  } catch {
    return false;
  }
}
