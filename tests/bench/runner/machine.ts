import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem, type } from 'node:os';
import { networkDescription } from './network.ts';

/** Where and with what a benchmark ran. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly network: string;
  /** Of the programs that take part, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${type()} ${release()}`,
    network: networkDescription(),
    versions: {
      node: process.version,
      redis: version('redis-server', ['--version'], /v=(\S+)/),
      nginx: version('nginx', ['-v'], /nginx\/(\S+)/),
      ffmpeg: version('ffmpeg', ['-version'], /version (\S+)/),
    },
  };
}

export function formatMachine({ cpu, cores, memoryGb, system, network, versions }: Machine): string {
  const programs = Object.entries(versions).map(([name, number]) => `${name} ${number}`);
  return `${cpu}, ${cores} cores, ${memoryGb} GB, ${system}; ${network}; ${programs.join(', ')}`;
}

function version(command: string, args: readonly string[], pattern: RegExp): string {
  try {
    const output = execFileSync('/bin/sh', ['-c', '"$@" 2>&1', 'sh', command, ...args], { encoding: 'utf8' });
    return pattern.exec(output)?.[1] ?? 'unknown';
  } catch {
    return 'none';
  }
}
