// Which inputs of a stream are to be open, and which of them may feed it. The list is in order of priority, the best one first.

/** How an input does. */
export interface InputState {
  readonly isOpen: boolean;
  /** It feeds the stream. */
  readonly isOn: boolean;
  /** Milliseconds since its last sample, or since it was opened. */
  readonly quietMs: number;
  readonly openForMs: number;
  /** What it gives can be trusted to go on. */
  readonly isProven: boolean;
  /** How often it has failed or ended since it last worked for a while. */
  readonly failures: number;
  /** Milliseconds since it has failed last. */
  readonly restedMs: number;
}

/** Positions in the list. */
export interface InputMoves {
  readonly open: readonly number[];
  readonly close: readonly number[];
}

/** Pause between two tries while nothing feeds the stream ... */
const PAUSE_MS = 1_000;
/** ... and the longest one while a lower input does. */
const MAX_PAUSE_MS = 10_000;

/** The input that feeds the stream and gives something; -1 when there is none. */
function feeding(inputs: readonly InputState[], sourceTimeoutMs: number): number {
  return inputs.findIndex(({ isOn, quietMs }) => isOn && quietMs < sourceTimeoutMs);
}

/**
 * The first input that works is enough: those behind it are closed, those before it are tried again and again. An input that has not failed
 * yet has the time of `source_timeout` for itself before the next one is opened beside it.
 */
export function chooseInputs(inputs: readonly InputState[], sourceTimeoutMs: number): InputMoves {
  const on = feeding(inputs, sourceTimeoutMs);
  const close = inputs.flatMap(({ isOpen }, index) => (isOpen && on !== -1 && index > on ? [index] : []));
  const open: number[] = [];
  for (const [index, { isOpen, openForMs, failures, restedMs }] of inputs.entries()) {
    if (index === on) break;
    if (!isOpen && restedMs >= pauseMs(failures, on !== -1)) open.push(index);
    const hasItsChance = failures === 0 && (!isOpen || openForMs < sourceTimeoutMs);
    if (hasItsChance) break;
  }
  return { open, close };
}

/** May the input at `index`, which has a sync sample now, feed the stream in place of whatever does? */
export function mayTakeOver(inputs: readonly InputState[], index: number, sourceTimeoutMs: number): boolean {
  const on = feeding(inputs, sourceTimeoutMs);
  return on === -1 || index === on || (index < on && inputs[index]!.isProven);
}

function pauseMs(failures: number, isFed: boolean): number {
  if (failures === 0) return 0;
  return isFed ? Math.min(PAUSE_MS * 2 ** (failures - 1), MAX_PAUSE_MS) : PAUSE_MS;
}
