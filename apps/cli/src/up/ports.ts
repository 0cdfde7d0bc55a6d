import { createServer } from 'node:net';
import { CliError } from '../cli-error.ts';

/** A port that `up` hands to a child: the one the user set, else the usual one, else any free one. */
export interface PortWish {
  readonly variable: 'PUSHFLEET_PORT' | 'PUSHFLEET_RTMP_PORT' | 'PUSHFLEET_HTTP_PORT';
  readonly usual: number;
  readonly host: string;
  /** What listens there, as the subject of a sentence. */
  readonly listener: string;
}

export interface PortChoice {
  /** Value of the variable: a number, `0` or `off`. */
  readonly value: string;
  /** What the user should know, as a sentence; empty when all is as usual. */
  readonly notice: string;
}

/** Rejects with `usage` when the port that the user set is taken; nobody likes a surprise there. */
export async function choosePort(
  wish: PortWish,
  env: Readonly<Record<string, string | undefined>>,
): Promise<PortChoice> {
  const set = env[wish.variable];
  if (set) {
    if (Number(set) > 0 && !(await isFree(Number(set), wish.host))) {
      throw new CliError('usage', `Port ${set} is taken: ${wish.listener} cannot listen there.`, {
        remedy: `Stop what uses it, or set ${wish.variable} to another port (0 is any free one).`,
      });
    }
    return { value: set, notice: '' };
  }
  if (await isFree(wish.usual, wish.host)) return { value: String(wish.usual), notice: '' };
  const port = await freePort(wish.host);
  const notice = `Port ${wish.usual} is taken: ${wish.listener} listens on ${port} instead (set ${wish.variable} to choose).`;
  return { value: String(port), notice };
}

export async function isFree(port: number, host: string): Promise<boolean> {
  return (await tryPort(port, host)) !== undefined;
}

async function freePort(host: string): Promise<number> {
  const port = await tryPort(0, host);
  if (port === undefined) throw new CliError('failed', `No port is free on ${host}.`);
  return port;
}

/** Listens for a moment; the port that it got, undefined when it may not have it. */
function tryPort(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
