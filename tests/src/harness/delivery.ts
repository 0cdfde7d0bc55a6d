// Did everything arrive? Two files are compared packet by packet, as ffprobe reads them: what was sent and what somebody received.
import { runTool } from './tool.ts';

export interface Packet {
  readonly kind: 'video' | 'audio';
  readonly ptsMs: number;
  readonly dtsMs: number;
  readonly isKey: boolean;
  /** Of the payload. */
  readonly hash: string;
}

/** Every packet of a file, in its order. */
export async function packets(file: string): Promise<Packet[]> {
  const entries = ['-show_data_hash', 'MD5', '-show_entries', 'packet=codec_type,pts_time,dts_time,flags,data_hash'];
  const { code, stdout, stderr } = await runTool('ffprobe', ['-v', 'error', ...entries, '-of', 'json', file]);
  if (code !== 0) throw new Error(`ffprobe could not read ${file}: ${stderr.trim()}`);
  return (JSON.parse(stdout).packets as ProbedPacket[])
    .filter(({ codec_type }) => codec_type === 'video' || codec_type === 'audio')
    .map(({ codec_type, pts_time, dts_time, flags, data_hash }) => ({
      kind: codec_type as Packet['kind'],
      ptsMs: Math.round(Number(pts_time) * 1000),
      dtsMs: Math.round(Number(dts_time) * 1000),
      isKey: flags.startsWith('K'),
      hash: data_hash,
    }));
}

interface ProbedPacket {
  readonly codec_type: string;
  readonly pts_time: string;
  readonly dts_time: string;
  readonly flags: string;
  readonly data_hash: string;
}

/** How the packets of one kind came over. */
export interface Delivery {
  readonly sent: number;
  readonly received: number;
  /** Packets before the first that was received. */
  readonly skipped: number;
  /** Packets behind the last that was received. */
  readonly unfinished: number;
  /** Packets in between that never came. */
  readonly lost: number;
  /** Packets that came twice, or that nobody sent. */
  readonly surplus: number;
  /** What was received first can be decoded without anything before it. */
  readonly startsWithKey: boolean;
  /** Presentation time of the first packet, as received less as sent. */
  readonly shiftMs: number;
  /** The largest difference that this shift had from packet to packet. */
  readonly jitterMs: number;
}

export async function compareDelivery(
  sentFile: string,
  receivedFile: string,
): Promise<Record<Packet['kind'], Delivery>> {
  const [sent, received] = await Promise.all([packets(sentFile), packets(receivedFile)]);
  const compare = (kind: Packet['kind']) => align(sent.filter(of(kind)), received.filter(of(kind)));
  return { video: compare('video'), audio: compare('audio') };
}

const of = (kind: Packet['kind']) => (packet: Packet) => packet.kind === kind;

/** Packets of a clip may look alike: those whose times have shifted by more than this against each other are not the same. */
const MAX_JITTER_MS = 500;

function align(sent: readonly Packet[], received: readonly Packet[]): Delivery {
  const skipped = startIn(sent, received);
  const shiftMs = (received[0]?.ptsMs ?? 0) - (sent[skipped]?.ptsMs ?? 0);
  const shifts: number[] = [];
  let next = skipped;
  let [lost, surplus] = [0, 0];
  for (const packet of received) {
    const shiftTo = (candidate: Packet) => packet.ptsMs - candidate.ptsMs;
    const isSame = (candidate: Packet, index: number) =>
      index >= next && candidate.hash === packet.hash && Math.abs(shiftTo(candidate) - shiftMs) <= MAX_JITTER_MS;
    const found = sent.findIndex(isSame);
    if (found === -1) {
      surplus++;
      continue;
    }
    lost += found - next;
    shifts.push(shiftTo(sent[found]!));
    next = found + 1;
  }
  return {
    sent: sent.length,
    received: received.length,
    skipped,
    unfinished: sent.length - next,
    lost,
    surplus,
    startsWithKey: received[0]?.isKey ?? false,
    shiftMs,
    jitterMs: Math.max(...shifts) - Math.min(...shifts),
  };
}

/** The last place at which everything fits (a looped clip repeats itself), or else the first that begins the same way. */
function startIn(sent: readonly Packet[], received: readonly Packet[]): number {
  const fits = (start: number) => received.every(({ hash }, index) => sent[start + index]?.hash === hash);
  const starts = sent.flatMap(({ hash }, index) => (hash === received[0]?.hash ? [index] : []));
  return starts.findLast(fits) ?? starts[0] ?? 0;
}
