// Where programs are.
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

// Servers live in sbin, which is seldom on the PATH of a person.
const USUAL_DIRECTORIES = [
  '/usr/local/bin',
  '/usr/bin',
  '/bin',
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
  '/opt/homebrew/bin',
];

/** PATH with the usual places behind it. */
export function searchPath() {
  const own = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
  return [...new Set([...own, ...USUAL_DIRECTORIES])].join(path.delimiter);
}

/** The first of `names` that is installed, as a path. */
export function findExecutable(...names) {
  for (const name of names) {
    for (const directory of searchPath().split(path.delimiter)) {
      const file = path.join(directory, name);
      if (isExecutable(file)) return file;
    }
  }
  return undefined;
}

export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
