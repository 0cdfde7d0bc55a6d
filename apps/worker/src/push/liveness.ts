/** What is known of a connection at one moment; times in ms of one monotonic clock. */
export interface VitalSigns {
  readonly now: number;
  /** When the target accepted the publication. */
  readonly acceptedAt: number;
  /** Bytes of media that the target has confirmed or, where it confirms nothing, that the kernel has taken. */
  readonly mediaBytes: number;
  /** When the kernel last took bytes. */
  readonly lastProgressAt: number;
  /** Bytes that wait in this process. */
  readonly pendingBytes: number;
  /** The feed leaves out groups of pictures because the target is too slow. */
  readonly dropping: boolean;
  /** The protocol's limit to the age of a session. */
  readonly maxSessionMs: number;
  /** Without any progress for this long the attempt is stuck. */
  readonly stallLimitMs: number;
  /** How long the source has given nothing. */
  readonly sourceSilentMs: number;
}

export type Liveness =
  /** The session is as old as its protocol allows and has to be renewed. */
  | { readonly phase: 'expired'; readonly reason: '' }
  | { readonly phase: 'starting' | 'running'; readonly reason: '' }
  | { readonly phase: 'stalled'; readonly reason: string }
  /** The attempt is over: the target has not read for too long, or what the source gives now cannot be sent to it. */
  | { readonly phase: 'wedged'; readonly reason: string };

/**
 * Some servers (nginx-rtmp with `deny publish`, node-media-server with a busy name) accept a publication and close right after. Nothing is
 * called running before it has survived this long.
 */
export const PROVING_MS = 1_000;
/** Longer than the pause between two frames of any stream worth pushing. */
export const SILENT_MS = 2_000;
/** Without any progress for this long an attempt fails, so that the push can reconnect; unless its protocol has a limit of its own. */
export const STALL_LIMIT_MS = 10_000;

export const RUNNING: Liveness = { phase: 'running', reason: '' };

/** Is the push progressing, waiting, or wedged? */
export function liveness(v: VitalSigns): Liveness {
  if (v.now - v.acceptedAt >= v.maxSessionMs) return { phase: 'expired', reason: '' };
  const stuckMs = v.pendingBytes > 0 ? v.now - v.lastProgressAt : 0;
  if (stuckMs >= v.stallLimitMs) return { phase: 'wedged', reason: 'the target does not read' };
  if (stuckMs >= SILENT_MS) return { phase: 'stalled', reason: 'the target does not read' };
  if (v.dropping) return { phase: 'stalled', reason: 'the target reads too slowly: groups of pictures are left out' };
  if (v.sourceSilentMs >= SILENT_MS) return { phase: 'stalled', reason: 'the source is silent' };
  if (v.mediaBytes === 0 || v.now - v.acceptedAt < PROVING_MS) return { phase: 'starting', reason: '' };
  return RUNNING;
}
