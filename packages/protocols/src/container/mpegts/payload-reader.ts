/** Takes the payloads of one PID, in their order. */
export interface PayloadReader {
  /** `bytes` must not be kept. `isRandomAccess`: the packet says that decoding may start with it. */
  payload(bytes: Buffer, isUnitStart: boolean, isRandomAccess: boolean): void;
  /** Packets are missing before the next payload. */
  lost(): void;
  /** The stream is over. */
  end(): void;
}
