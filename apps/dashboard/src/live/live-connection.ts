import { type LiveMessages, liveMessages } from '@pushfleet/contract/live';
import type { LiveStore } from './live-store.ts';

type Message = { [Kind in keyof LiveMessages]: readonly [Kind, LiveMessages[Kind]] }[keyof LiveMessages];

/** `fleet` comes every second; a line that is silent for this long is dead, whatever TCP says. */
const SILENCE_MS = 5_000;
const RECONNECT_MS = 1_000;
/** In a hidden tab no frames are drawn: messages are taken in after this time at the latest, so that they do not pile up. */
const BATCH_MS = 1_000;

export interface LiveConnectionDeps {
  readonly store: LiveStore;
  /** Tells why the line was refused: true when a login is needed. Never rejects. */
  isLoginNeeded(): Promise<boolean>;
}

/** The one line to the scheduler: server-sent events into the store, taken in once per animation frame. */
export class LiveConnection {
  readonly #deps: LiveConnectionDeps;
  #source: EventSource | undefined;
  #lastId = '';
  #inbox: Message[] = [];
  #frame: number | undefined;
  #frameTimer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #reconnect: ReturnType<typeof setTimeout> | undefined;

  constructor(deps: LiveConnectionDeps) {
    this.#deps = deps;
  }

  open(): void {
    this.close();
    const since = this.#lastId === '' ? '' : `&since=${encodeURIComponent(this.#lastId)}`;
    const source = new EventSource(`/api/v1/events?live=1${since}`);
    this.#source = source;
    for (const kind of liveMessages) {
      source.addEventListener(kind, (event: MessageEvent<string>) => {
        if (event.lastEventId !== '') this.#lastId = event.lastEventId;
        this.#receive([kind, JSON.parse(event.data)] as unknown as Message);
      });
    }
    // The connection's own retries are not used: they would go on with a session that has ended.
    source.addEventListener('error', () => void this.#lost());
    this.#watch();
  }

  close(): void {
    this.#source?.close();
    this.#source = undefined;
    clearTimeout(this.#silence);
    clearTimeout(this.#reconnect);
  }

  #receive(message: Message): void {
    this.#watch();
    this.#inbox.push(message);
    if (this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame(this.#flush);
    this.#frameTimer = setTimeout(this.#flush, BATCH_MS);
  }

  readonly #flush = (): void => {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    clearTimeout(this.#frameTimer);
    this.#frame = undefined;
    const messages = this.#inbox;
    this.#inbox = [];
    const { store } = this.#deps;
    store.apply(messages);
    if (this.#source !== undefined && store.connection.state !== 'live') store.setConnection({ state: 'live' });
  };

  #watch(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => void this.#lost(), SILENCE_MS);
  }

  async #lost(): Promise<void> {
    this.close();
    const { store } = this.#deps;
    if (store.connection.state === 'live') store.setConnection({ state: 'offline', sinceMs: Date.now() });
    if (await this.#deps.isLoginNeeded()) {
      store.setConnection({ state: 'refused' });
      return;
    }
    if (store.connection.state !== 'offline') store.setConnection({ state: 'offline', sinceMs: Date.now() });
    clearTimeout(this.#reconnect);
    this.#reconnect = setTimeout(() => this.open(), RECONNECT_MS);
  }
}
