/** Where the receivers of the demo listen; examples/pushfleet.conf names the same addresses. */
export const RECEIVER_HOST = '127.0.0.1';
export const RTMP_RECEIVER_PORT = 19350;
export const HTTP_RECEIVER_PORT = 19351;

/** What the example pushes, from the root of the repository. */
export const DEMO_CLIP = 'examples/clip.mp4';

/** What the receivers have got under one name. */
export interface Received {
  readonly name: string;
  /** Since the receiver started. */
  readonly bytes: number;
  /** Over the last second. */
  readonly bitrateBps: number;
}

/** What the receivers tell their parent once a second. */
export interface ReceiverMessage {
  readonly received: readonly Received[];
}

export const isReceiverMessage = (message: unknown): message is ReceiverMessage =>
  typeof message === 'object' && message !== null && 'received' in message;

/** What their parent tells the receivers: `host:port` of the worker to which m4s is sent on. */
export interface RouteMessage {
  readonly worker: string;
}

export const isRouteMessage = (message: unknown): message is RouteMessage =>
  typeof message === 'object' && message !== null && 'worker' in message && typeof message.worker === 'string';
