import { MAX_WAITING_SOUNDS } from './waiting-sound.ts';

/** What pictures of this many, and of as many before them, were like is what the next ones are like: ten to twenty seconds of 25 a second. */
const WINDOW_PICTURES = 250;
/** Of the header of a message in one chunk, extended timestamp included. */
export const HEADER_BYTES = 16;
/** A picture that is this many times as large as the mark passes it, were it much smaller than those before it. */
const MARGIN = 2;

/** Sizes of messages, in bytes. */
class Window {
  smallestPicture = Number.POSITIVE_INFINITY;
  largestSound = 0;
  hasHeaderAlone = false;
}

/**
 * The low-water mark with which a publication is read: as long as fewer bytes have come the kernel lets the process sleep. It is above the sound that
 * comes between two pictures, so that this waits for the next picture without anybody looking at it, and far below each picture, so that none ever
 * waits. Where pictures are as small as sound, or there is no sound, the mark is 1: the kernel wakes for every byte. So it is for publishers that write
 * the header of a message apart, as ffmpeg does: their TCP may keep the message, and the picture behind it, until the header is acknowledged (Nagle's
 * algorithm), and the kernel puts that off by 40 ms for bytes that nobody reads.
 */
export class LowWater {
  #before: Window | undefined;
  #now = new Window();
  #pictures = 0;

  headerCameAlone(): void {
    this.#now.hasHeaderAlone = true;
  }

  soundCame(sizeBytes: number): void {
    if (sizeBytes > this.#now.largestSound) this.#now.largestSound = sizeBytes;
  }

  pictureCame(sizeBytes: number): void {
    if (sizeBytes < this.#now.smallestPicture) this.#now.smallestPicture = sizeBytes;
    this.#pictures += 1;
    if (this.#pictures < WINDOW_PICTURES) return;
    this.#pictures = 0;
    this.#before = this.#now;
    this.#now = new Window();
  }

  /** For what comes behind a whole picture. */
  get bytes(): number {
    if (this.#before === undefined || this.#before.hasHeaderAlone || this.#now.hasHeaderAlone) return 1;
    const largestSound = Math.max(this.#before.largestSound, this.#now.largestSound);
    if (largestSound === 0) return 1;
    const bytes = MAX_WAITING_SOUNDS * (HEADER_BYTES + largestSound) + 1;
    const smallestPicture = Math.min(this.#before.smallestPicture, this.#now.smallestPicture);
    return smallestPicture >= MARGIN * bytes ? bytes : 1;
  }
}
