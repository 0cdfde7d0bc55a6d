#!/usr/bin/env node
// Starts the program with a Node that runs TypeScript: this one, or the one that the repository has pinned. Plain JavaScript for any Node.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** engines.node of package.json. */
const OLDEST = [24, 15];

const main = new URL('../src/main.ts', import.meta.url);
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) {
  await import(main.href);
} else {
  const node = findPinnedNode(path.dirname(fileURLToPath(import.meta.url)));
  if (node === undefined) {
    const oldest = OLDEST.join('.');
    console.error(
      `pushfleet: Node ${oldest} or newer is needed, this is ${process.versions.node}. Install it from https://nodejs.org.`,
    );
    process.exit(1);
  }
  runWith(node);
}

/** `node_modules/.bin/node` of the nearest folder upwards that has one. */
function findPinnedNode(folder) {
  const node = path.join(folder, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (existsSync(node)) return node;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : findPinnedNode(parent);
}

/** The channel lets the program see our end even after SIGKILL. */
function runWith(node) {
  // Before the program runs, so that no signal falls into a gap. A terminal sends Ctrl-C to the program as well.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const args = [fileURLToPath(main), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  child.on('error', ({ message }) => {
    console.error(`pushfleet: ${node} cannot be started: ${message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
