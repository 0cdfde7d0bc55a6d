/** Where the receiver of the demo listens; examples/pushfleet.conf names the same address. */
export const RECEIVER_HOST = '127.0.0.1';
export const RECEIVER_PORT = 19350;

/** What the example pushes, from the root of the repository. */
export const DEMO_CLIP = 'examples/clip.mp4';

/** What the receiver has got under one name. */
export interface Received {
  readonly name: string;
  /** Since the receiver started. */
  readonly bytes: number;
  /** Over the last second. */
  readonly bitrateBps: number;
}

/** What the receiver tells its parent once a second. */
export interface ReceiverMessage {
  readonly received: readonly Received[];
}

export const isReceiverMessage = (message: unknown): message is ReceiverMessage =>
  typeof message === 'object' && message !== null && 'received' in message;
