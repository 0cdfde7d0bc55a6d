import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

interface TableRow {
  readonly pid: number;
  readonly parentPid: number;
  readonly group: number;
  /** `Z` for a process that has ended and waits for its parent to notice. */
  readonly state: string;
}

/** Processes that really run: those that have ended do not count, even while their parent has not noticed. */
export function runningProcesses(): TableRow[] {
  const rows = process.platform === 'linux' ? readProc() : readPs();
  return rows.filter(({ state }) => !state.startsWith('Z'));
}

export function isRunning(pid: number): boolean {
  return runningProcesses().some((row) => row.pid === pid);
}

/** Ids of the running processes of a process group. */
export function groupMembers(group: number): number[] {
  return runningProcesses()
    .filter((row) => row.group === group)
    .map((row) => row.pid);
}

/** Ids of the running children, grandchildren and so on of a process. */
export function descendants(pid: number, table = runningProcesses()): number[] {
  const children = table.filter((row) => row.parentPid === pid).map((row) => row.pid);
  return children.flatMap((child) => [child, ...descendants(child, table)]);
}

/** Clock ticks of a second in /proc, on every Linux that Node runs on. */
const TICKS = 100;

/** CPU time that a running process has used so far, in seconds. */
export function cpuSeconds(pid: number): number {
  if (process.platform === 'linux') {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // ... state is the 3rd field, utime the 14th and stime the 15th
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  }
  const [seconds = 0, minutes = 0, hours = 0] = execFileSync('ps', ['-o', 'time=', '-p', `${pid}`], {
    encoding: 'utf8',
  })
    .trim()
    .split(':')
    .map(Number)
    .toReversed();
  return seconds + 60 * minutes + 3_600 * hours;
}

function readProc(): TableRow[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // pid (name, may hold blanks and brackets) state ppid pgrp ...
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const [state = '', parentPid, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return { pid: Number(name), parentPid: Number(parentPid), group: Number(group), state };
      } catch {
        return []; // it ended meanwhile
      }
    });
}

function readPs(): TableRow[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,stat='], { encoding: 'utf8' });
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [pid, parentPid, group, state = ''] = line.trim().split(/\s+/);
      return { pid: Number(pid), parentPid: Number(parentPid), group: Number(group), state };
    });
}
