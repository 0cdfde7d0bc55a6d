import { readdirSync, readFileSync } from 'node:fs';
import { cpuSeconds, descendants } from '../../src/harness/process-table.ts';

/** The processes and all that they have started, each once. */
export function processTrees(roots: readonly number[]): number[] {
  return [...new Set(roots.flatMap((pid) => [pid, ...descendants(pid)]))];
}

/**
 * CPU time of processes so far, in seconds, over all their threads: to the nanosecond where the kernel keeps it (schedstat), else to the
 * hundredth of a second. Processes that have ended count as nothing, so read the same ones before and after.
 */
export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (schedstatSeconds(pid) ?? endedAsZero(pid)), 0);
}

export interface Memory {
  /** What stays in memory now, and the most that ever did. Pages that processes share count for each of them. */
  readonly rssKb: number;
  readonly peakRssKb: number;
  /** The same with shared pages divided among those that share them: the fair figure for many processes of one program. */
  readonly pssKb: number;
}

/** Linux only. */
export function memoryOf(pids: readonly number[]): Memory {
  const total = { rssKb: 0, peakRssKb: 0, pssKb: 0 };
  for (const pid of pids) {
    total.rssKb += kilobytes(`/proc/${pid}/status`, 'VmRSS');
    total.peakRssKb += kilobytes(`/proc/${pid}/status`, 'VmHWM');
    total.pssKb += kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss');
  }
  return total;
}

/** CPU seconds of all cores since the machine started, by whomever. Linux only. */
export function machineCpuSeconds(): number {
  const [, ...ticks] = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!.split(/\s+/);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks.map(Number);
  return (user + nice + system + irq + softirq + steal) / 100;
}

function schedstatSeconds(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const nanoseconds = threads.map((thread) => {
      try {
        return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ', 1)[0]);
      } catch {
        return 0; // the thread has just ended
      }
    });
    return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e9;
  } catch {
    return undefined;
  }
}

function endedAsZero(pid: number): number {
  try {
    return cpuSeconds(pid);
  } catch {
    return 0;
  }
}

function kilobytes(file: string, field: string): number {
  try {
    return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(file, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0; // the process has ended
  }
}
