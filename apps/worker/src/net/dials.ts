import type { Dial } from '@pushfleet/protocols';
import type { AddressPolicy, Trust } from './address-policy.ts';
import { createDial, type DialProgress } from './dial.ts';

/** The guarded ways out of this worker, one for each trust. */
export class Dials {
  readonly #policy: AddressPolicy;
  readonly #quiet: Readonly<Record<Trust, Dial>>;

  constructor(policy: AddressPolicy) {
    this.#policy = policy;
    this.#quiet = { operator: createDial(policy, 'operator'), public: createDial(policy, 'public') };
  }

  /** For what somebody of this trust has named. Where a peer redirects to is the peer's wish, whoever named the peer. */
  by(trust: Trust): Dial {
    return (options) => this.#quiet[options.redirected ? 'public' : trust](options);
  }

  /** The same; `progress` hears how far each connection gets. */
  watched(trust: Trust, progress: DialProgress): Dial {
    return (options) => createDial(this.#policy, options.redirected ? 'public' : trust, { progress })(options);
  }
}
