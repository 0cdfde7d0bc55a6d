import type net from 'node:net';

/** What a socket keeps of the connection itself. No type tells of it. */
interface Handled {
  readonly _handle: { readonly fd?: number } | null;
}

type SetSocketOption = (fd: number, level: number, option: number, value: Int32Array, valueBytes: number) => number;

/** Of Linux, on all machines that Node runs on but MIPS. */
const SOL_SOCKET = 1;
const SO_RCVLOWAT = 18;

/**
 * Sets the receive low-water mark of a socket: while fewer bytes wait in the kernel the process is not woken for them. The end of the peer is told at once,
 * and so is what waits already when the mark falls to it. Node has no call for that and reaches libc by an interface that it calls experimental:
 * undefined where it has none, and on other systems.
 */
export function lowWaterOf(socket: net.Socket): ((bytes: number) => void) | undefined {
  setSocketOption ??= load();
  const set = setSocketOption;
  if (set === 'missing') return undefined;
  const value = new Int32Array(1);
  return (bytes) => {
    // Asked each time: behind the number of a closed socket there may be another connection.
    const fd = (socket as unknown as Handled)._handle?.fd ?? -1;
    if (fd < 0) return;
    value[0] = bytes;
    set(fd, SOL_SOCKET, SO_RCVLOWAT, value, value.byteLength);
  };
}

let setSocketOption: SetSocketOption | 'missing' | undefined;

function load(): SetSocketOption | 'missing' {
  if (process.platform !== 'linux' || process.arch.startsWith('mips')) return 'missing';
  try {
    return withoutWarnings(() => {
      const ffi = process.getBuiltinModule('node:ffi');
      const int = 'int32';
      const signature = { arguments: [int, int, int, 'buffer', 'uint32'], return: int } as const;
      return ffi.dlopen(null, { setsockopt: signature }).functions.setsockopt;
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
