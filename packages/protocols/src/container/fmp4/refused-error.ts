import { MalformedError } from '../../bytes/malformed-error.ts';

/**
 * `header_missing`: a fragment before the header. `too_large`: a box beyond its limit. `unsupported`: nothing that can be carried on, as
 * with encrypted tracks.
 */
export type Fmp4Refusal = 'header_missing' | 'too_large' | 'unsupported';

/** A stream whose bytes are in order, and that cannot be read all the same. */
export class Fmp4RefusedError extends MalformedError {
  readonly refusal: Fmp4Refusal;

  constructor(refusal: Fmp4Refusal, message: string, offset = 0) {
    super(message, offset);
    this.refusal = refusal;
  }
}
