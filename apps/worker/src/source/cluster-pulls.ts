import { createHmac, timingSafeEqual } from 'node:crypto';

/** Query parameters of a pull between workers: serve only what is published right there, and prove who asks. */
const PULL_PARAMETER = 'pushfleet-pull';

/** Builds the URLs of pulls between workers and recognises them; with a cluster key only its owners can make one. */
export class ClusterPulls {
  readonly #key: string;

  constructor(clusterKey: string) {
    this.#key = clusterKey;
  }

  url(rtmp: string, stream: string): string {
    return `rtmp://${rtmp}/live/${stream}?${PULL_PARAMETER}=${this.#proof(stream)}`;
  }

  /** 'player': an ordinary one; 'worker': a pull; 'impostor': a pull whose proof is wrong. */
  classify(stream: string, query: string): 'player' | 'worker' | 'impostor' {
    const proof = new URLSearchParams(query).get(PULL_PARAMETER);
    if (proof === null) return 'player';
    const [given, expected] = [Buffer.from(proof), Buffer.from(this.#proof(stream))];
    return given.length === expected.length && timingSafeEqual(given, expected) ? 'worker' : 'impostor';
  }

  #proof(stream: string): string {
    return createHmac('sha256', this.#key).update(`pull:${stream}`).digest('hex');
  }
}
