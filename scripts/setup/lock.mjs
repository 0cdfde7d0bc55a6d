// One set-up at a time in this folder: two commands at once on a bare clone must not install over each other.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './report.mjs';

/** Runs `work` while holding the folder `lock`. Waits for another living owner, takes over from a dead one. */
export async function withLock(lock, work) {
  await acquire(lock);
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

async function acquire(lock) {
  // A folder that already names its owner is moved into place, so there is no moment without one.
  const mine = `${lock}.${process.pid}`;
  rmSync(mine, { recursive: true, force: true });
  mkdirSync(mine, { recursive: true });
  writeFileSync(path.join(mine, 'owner'), String(process.pid));
  for (let told = false; !moved(mine, lock); await sleep(100)) {
    const owner = readOwner(lock);
    if (owner === undefined) continue; // just released
    if (!isAlive(owner)) discard(lock, owner);
    else if (!told) {
      say(`waiting for the set-up of process ${owner}`);
      told = true;
    }
  }
}

function moved(from, to) {
  try {
    renameSync(from, to); // refuses to replace a folder that is not empty
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code)) return false;
    throw error;
  }
}

function readOwner(lock) {
  try {
    return Number(readFileSync(path.join(lock, 'owner'), 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Moves the lock of a dead owner away. Should a new owner have come in between, it gets its lock back. */
function discard(lock, deadOwner) {
  const aside = `${lock}.stale.${process.pid}`;
  if (!moved(lock, aside)) return;
  if (readOwner(aside) === deadOwner || !moved(aside, lock)) rmSync(aside, { recursive: true, force: true });
}
