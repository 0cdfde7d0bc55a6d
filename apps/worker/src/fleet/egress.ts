/** Bit rate of a usual push, for as long as none has shown what it really needs. */
const USUAL_BPS = 4_000_000;

/** What the pushes of a worker need when all of them send. */
export interface Egress {
  readonly pushes: number;
  readonly bps: number;
  /** Of one push on average: what one more is expected to need. */
  readonly perPushBps: number;
}

/**
 * `neededBps`: by each push, 0 while that is not known. Such a push (it is just starting, its source is silent) will need as much as the
 * others do on average: a burst of jobs must not be over the budget before the first of them has sent a byte.
 */
export function expectedEgress(neededBps: Iterable<number>): Egress {
  let [knownBps, known, unknown] = [0, 0, 0];
  for (const bps of neededBps) {
    knownBps += bps;
    if (bps > 0) known++;
    else unknown++;
  }
  const perPushBps = known === 0 ? USUAL_BPS : knownBps / known;
  return { pushes: known + unknown, bps: knownBps + unknown * perPushBps, perPushBps };
}

/** How many more pushes the budget has room for. */
export function egressRoom({ bps, perPushBps }: Egress, budgetBps: number): number {
  return budgetBps === Number.POSITIVE_INFINITY ? budgetBps : Math.max(0, Math.floor((budgetBps - bps) / perPushBps));
}
