import type net from 'node:net';
import type { LowWaterSocket } from '@pushfleet/protocols';
import { handled } from './handled.ts';

type SetOption = (fd: number, level: number, option: number, value: Int32Array, sizeBytes: number) => number;
type GetOption = (fd: number, level: number, option: number, value: Int32Array, sizeBytes: Int32Array) => number;

/** Of libc. */
interface SocketOptions {
  readonly setsockopt: SetOption;
  readonly getsockopt: GetOption;
}

/** Of Linux, on all machines that Node runs on but MIPS. */
const SOL_SOCKET = 1;
const SO_RCVLOWAT = 18;
const IPPROTO_TCP = 6;
const TCP_MAXSEG = 2;

/**
 * A socket whose receive low-water mark can be set: while fewer bytes wait in the kernel the process is not woken for them. The end of the peer is told at
 * once, and so is what waits already when the mark falls to it. Node has no call for that and reaches libc by an interface that it calls experimental:
 * undefined where it has none, and on other systems.
 */
export function lowWaterOf(socket: net.Socket): LowWaterSocket | undefined {
  libc ??= load();
  return libc === 'missing' ? undefined : new LinuxSocket(socket, libc);
}

class LinuxSocket implements LowWaterSocket {
  readonly #socket: net.Socket;
  readonly #libc: SocketOptions;
  readonly #value = new Int32Array(1);

  constructor(socket: net.Socket, libc: SocketOptions) {
    this.#socket = socket;
    this.#libc = libc;
  }

  /** Of what we send, and peers of one path have the same. Infinite when the connection is gone. */
  get segmentBytes(): number {
    const fd = this.#fd;
    const size = new Int32Array([this.#value.byteLength]);
    const isKnown = fd >= 0 && this.#libc.getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, this.#value, size) === 0;
    return isKnown ? this.#value[0]! : Number.POSITIVE_INFINITY;
  }

  setLowWater(bytes: number): void {
    const fd = this.#fd;
    if (fd < 0) return;
    this.#value[0] = bytes;
    this.#libc.setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, this.#value, this.#value.byteLength);
  }

  /** Asked each time: behind the number of a closed socket there may be another connection. */
  get #fd(): number {
    return handled(this.#socket)._handle?.fd ?? -1;
  }
}

let libc: SocketOptions | 'missing' | undefined;

function load(): SocketOptions | 'missing' {
  if (process.platform !== 'linux' || process.arch.startsWith('mips')) return 'missing';
  try {
    return withoutWarnings(() => {
      const ffi = process.getBuiltinModule('node:ffi');
      const int = 'int32';
      return ffi.dlopen(null, {
        setsockopt: { arguments: [int, int, int, 'buffer', 'uint32'], return: int },
        getsockopt: { arguments: [int, int, int, 'buffer', 'buffer'], return: int },
      }).functions;
    });
  } catch {
    return 'missing'; // Node was built or started without it
  }
}

/** Node says with the first use of an experimental interface that it may change. Its version is pinned, and users can do nothing about it. */
function withoutWarnings<T>(work: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}
