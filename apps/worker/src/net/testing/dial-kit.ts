// What the tests of dial share: targets on loopback, DNS answers, and what a failed dial must leave behind: nothing.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { LookupAddress } from 'node:dns';
import { getEventListeners, once } from 'node:events';
import { type AddressInfo, createServer, isIP, type LookupFunction, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Connection, Dial, DialOptions, PublishError } from '@pushfleet/protocols';
import { expect, onTestFinished, vi } from 'vitest';

/** Containers often have no IPv6, not even on loopback. */
export const hasIpv6 = Object.values(networkInterfaces()).some((entries) =>
  entries?.some(({ address }) => address === '::1'),
);
/** A second address of this machine. */
export const otherLoopback = hasIpv6 ? '::1' : '127.0.0.2';

export type DialArguments = Omit<DialOptions, 'signal'>;

/** A DNS server: one list of addresses for each call, the last one for all further calls. */
export class Resolver {
  readonly questions: string[] = [];
  readonly #answers: readonly (readonly string[])[];

  constructor(...answers: readonly (readonly string[])[]) {
    this.#answers = answers;
  }

  readonly lookup: LookupFunction = (host, _options, answer) => {
    this.questions.push(host);
    const found = this.#answers[this.questions.length - 1] ?? this.#answers.at(-1) ?? [];
    process.nextTick(answer, null, found.map(toLookupAddress));
  };
}

const toLookupAddress = (address: string): LookupAddress => ({ address, family: isIP(address) });

export interface Target {
  readonly server: Server;
  readonly port: number;
  /** Accepted so far. */
  readonly sockets: Socket[];
}

/** Opens the server for the time of the test. */
export async function listen(host = '127.0.0.1', port = 0, server: Server = createServer()): Promise<Target> {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => {
    sockets.push(socket.on('error', () => {}));
  });
  server.listen(port, host);
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port, sockets };
}

/** Dials; the socket is closed at the end of the test. */
export async function connected(dial: Dial, options: DialArguments): Promise<Connection> {
  const { signal } = new AbortController();
  const connection = await dial({ ...options, signal });
  connection.socket.on('error', () => {});
  onTestFinished(() => void connection.socket.destroy());
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  return connection;
}

/** Dials in vain: what the promise rejects with, once no socket and no listener is left. */
export async function failureOf(
  dial: Dial,
  options: DialArguments,
  signal: AbortSignal = new AbortController().signal,
): Promise<PublishError> {
  const opened: Socket[] = [];
  const record = (message: unknown) => opened.push((message as { socket: Socket }).socket);
  subscribe('net.client.socket', record);
  try {
    const outcome = await dial({ ...options, signal }).catch((error) => error);
    expect(outcome).toBeInstanceOf(Error);
    await vi.waitFor(() => expect(opened.filter((socket) => !socket.closed)).toEqual([]));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    return outcome;
  } finally {
    unsubscribe('net.client.socket', record);
  }
}

/** Resolves when neither sockets nor lookups of this process are open. */
export async function everythingClosed(): Promise<void> {
  const open = () => process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS|GetAddrInfo)/.test(name));
  await vi.waitFor(() => expect(open()).toEqual([]));
}
