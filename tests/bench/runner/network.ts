import { execFileSync } from 'node:child_process';

/** What a real card has: the 64 KiB packets of the loopback would hide what small writes cost. */
const MTU = 1500;
/** Neither paces: a pacing one (bbr) puts timers of the kernel between every system and its targets. */
const CONGESTION_CONTROLS = ['reno', 'cubic'];
const INSIDE = 'PUSHFLEET_BENCH_NETWORK';

/** As root on Linux: starts this very command again in a network namespace of its own, and does not return. Else returns. */
export function enterPrivateNetwork(): void {
  if (process.env[INSIDE] !== undefined || process.platform !== 'linux' || process.getuid?.() !== 0) return;
  if (!canUnshare()) return;
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve?.('/bin/sh', ['sh', '-c', 'exec unshare -n sh -c "$0" sh "$@"', SET_UP, ...command], {
    ...process.env,
    [INSIDE]: 'private',
  });
}

export function networkDescription(): string {
  if (process.env[INSIDE] === undefined) return `loopback of the machine`;
  return `network namespace of its own, MTU ${MTU}, ${congestionControl()}`;
}

const SET_UP = `
ip link set lo up mtu ${MTU} || exit 2
for control in ${CONGESTION_CONTROLS.join(' ')}; do sysctl -qw net.ipv4.tcp_congestion_control=$control 2>/dev/null && break; done
sysctl -qw 'net.ipv4.tcp_wmem=4096 16384 4194304' 'net.ipv4.tcp_rmem=4096 131072 6291456' 'net.ipv4.ip_local_port_range=32768 60999'
exec "$@"
`;

function canUnshare(): boolean {
  try {
    execFileSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function congestionControl(): string {
  return execFileSync('sysctl', ['-n', 'net.ipv4.tcp_congestion_control'], { encoding: 'utf8' }).trim();
}
