// continuity_counter as a receiver sees it. ISO/IEC 13818-1 §2.4.3.3, §2.4.3.5.

/** `jump`: packets are missing, but the sender has said so. */
export type Succession = 'next' | 'duplicate' | 'gap' | 'jump';

/** The counter of one PID. */
export class ContinuityCheck {
  #last: number | undefined;

  /** How a packet follows the one before it. */
  follow(counter: number, hasPayload: boolean, isDiscontinuity: boolean): Succession {
    const last = this.#last;
    if (hasPayload || isDiscontinuity) this.#last = counter;
    if (last === undefined) return 'next';
    if (!hasPayload) return isDiscontinuity && counter !== last ? 'jump' : 'next';
    if (counter === ((last + 1) & 0xf)) return 'next';
    if (isDiscontinuity) return 'jump';
    return counter === last ? 'duplicate' : 'gap';
  }
}
