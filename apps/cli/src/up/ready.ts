/** What a scheduler or a worker sends its parent when it listens. */
export interface ReadyMessage {
  readonly ready: true;
  /** Base URL of the API. */
  readonly api?: string;
  /** `host:port` of the ingests; empty when they are off. */
  readonly rtmp?: string;
  readonly http?: string;
}

export const isReadyMessage = (message: unknown): message is ReadyMessage =>
  typeof message === 'object' && message !== null && 'ready' in message && message.ready === true;
