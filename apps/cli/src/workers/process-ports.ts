import type { Environment } from '@pushfleet/config';
import { CliError } from '../cli-error.ts';
import { isFree } from '../up/ports.ts';

/** Values of PUSHFLEET_RTMP_PORT and PUSHFLEET_HTTP_PORT for one process. */
export interface ProcessPorts {
  readonly rtmp: string;
  readonly http: string;
}

export interface PortPlan {
  /** By process, in their order. */
  readonly ports: readonly ProcessPorts[];
  /** What the user should know, as a sentence; empty when all is as usual. */
  readonly notice: string;
}

type Settings = Pick<Environment, 'processPorts' | 'rtmpPort' | 'httpPort' | 'bind'>;

const VARIABLE = 'PUSHFLEET_PROCESS_PORTS';
const LAST_PORT = 65_535;

/**
 * The ports that each process has of its own, where other workers reach just that one: two a process from PUSHFLEET_PROCESS_PORTS on, RTMP and HTTP.
 * Rejects with `usage` when the user has set that and one is taken; else any free ones do.
 */
export async function planProcessPorts(settings: Settings, processes: number, isSet: boolean): Promise<PortPlan> {
  const { processPorts: first, rtmpPort, httpPort, bind } = settings;
  const last = first + 2 * processes - 1;
  if (first > 0 && last > LAST_PORT) {
    throw new CliError(
      'usage',
      `${processes} processes need the ports ${first} to ${last}: there are none above ${LAST_PORT}.`,
      {
        remedy: `Set ${VARIABLE} to at most ${LAST_PORT - 2 * processes + 1}.`,
      },
    );
  }
  const isWanted = (port: number): boolean => ((port - first) % 2 === 0 ? rtmpPort : httpPort) !== 'off';
  const taken = first === 0 ? undefined : await firstTaken(first, last, bind, isWanted);
  if (taken !== undefined && isSet) {
    throw new CliError('usage', `Port ${taken}, one of those from ${VARIABLE} on, is taken.`, {
      remedy: `${processes} processes need ${first} to ${last}. Stop what uses the port, or set ${VARIABLE} to others (0 is any free ones).`,
    });
  }
  const isAny = first === 0 || taken !== undefined;
  const port = (shared: number | 'off', own: number): string => (shared === 'off' ? 'off' : isAny ? '0' : `${own}`);
  return {
    ports: Array.from({ length: processes }, (_, index) => ({
      rtmp: port(rtmpPort, first + 2 * index),
      http: port(httpPort, first + 2 * index + 1),
    })),
    notice:
      taken === undefined
        ? ''
        : `Port ${taken} is taken: the processes listen for other workers on any free ports instead (set ${VARIABLE} to choose).`,
  };
}

async function firstTaken(
  first: number,
  last: number,
  host: string,
  isWanted: (port: number) => boolean,
): Promise<number | undefined> {
  for (let port = first; port <= last; port++) {
    if (isWanted(port) && !(await isFree(port, host))) return port;
  }
  return undefined;
}
