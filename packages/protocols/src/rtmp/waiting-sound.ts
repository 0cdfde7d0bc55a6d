/** With 25 pictures and 47 frames of sound a second nearly all sound comes alone, once or twice between two pictures. */
export const MAX_WAITING_SOUNDS = 2;
const MAX_BYTES = 4096;

/**
 * Sound of a publication that waits, as it was read, for the picture with which it travels on anyway. Two of three reads bring nothing else, and to go
 * the whole way from the message to the batch for each costs more than all that the pictures need there. Where no picture comes the third frame of
 * sound takes the two along that wait, and those behind it do not wait.
 */
export class WaitingSound {
  #bytes: Buffer | undefined;
  #sizeBytes = 0;
  /** Since the last picture. */
  #reads = MAX_WAITING_SOUNDS;

  /** A picture has come: the sound behind it may wait for the next one. */
  pictureCame(): void {
    this.#reads = 0;
  }

  /** Copies whole messages that are nothing but sound. False when they are not to wait: they have to be read now, behind those that do. */
  keep(messages: Buffer): boolean {
    if (this.#reads === MAX_WAITING_SOUNDS || this.#sizeBytes + messages.length > MAX_BYTES) return false;
    this.#bytes ??= Buffer.allocUnsafeSlow(MAX_BYTES);
    this.#sizeBytes += messages.copy(this.#bytes, this.#sizeBytes);
    this.#reads += 1;
    return true;
  }

  /** What waits, and waits no longer; valid until the next `keep`. Undefined when there is nothing. */
  take(): Buffer | undefined {
    if (this.#sizeBytes === 0) return undefined;
    const messages = this.#bytes?.subarray(0, this.#sizeBytes);
    this.#sizeBytes = 0;
    return messages;
  }
}
