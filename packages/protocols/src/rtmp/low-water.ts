import { MAX_WAITING_SOUNDS } from './waiting-sound.ts';

/** A socket that can be told to read only when so many bytes have come. */
export interface LowWaterSocket {
  /** What TCP sends at once, whatever it has sent before and nobody has acknowledged yet (MSS). */
  readonly segmentBytes: number;
  /** Sets SO_RCVLOWAT; 1 at first. */
  setLowWater(bytes: number): void;
}

/** What so many pictures were like, and as many before them, is what the next ones are like: ten to twenty seconds of 25 a second. */
const WINDOW_PICTURES = 250;
/** With fewer pictures a second sound would wait too long for the next one. */
const MIN_PICTURES_PER_S = 10;
/** Of the header of a message in one chunk, extended timestamp included. */
const HEADER_BYTES = 16;
/** A picture of so many times the mark passes it, were it much smaller than those before it. */
const MARGIN = 2;

class Window {
  fromMs: number | undefined;
  smallestPictureBytes = Number.POSITIVE_INFINITY;
  largestSoundBytes = 0;
}

/**
 * The low-water mark with which a publication is read: as long as fewer bytes have come the kernel lets the process sleep. It is above the sound that
 * comes between two pictures, so that this waits for the next picture without anybody looking at it, and far below each picture, so that none ever
 * waits. Where that cannot be, or there is no sound, it is 1: the kernel wakes for every byte.
 *
 * Nor may pictures be smaller than a segment of TCP. Many publishers, ffmpeg among them, leave Nagle's algorithm on: less than a segment is sent only when
 * all that was sent before is acknowledged, and the kernel puts that off by 40 ms for sound that nobody reads. On the loopback, whose segments have
 * 64 KB, the mark stays at 1 for that.
 */
export class LowWater {
  readonly #segmentBytes: number;
  #before: Window | undefined;
  #now = new Window();
  #pictures = 0;

  constructor(segmentBytes: number) {
    this.#segmentBytes = segmentBytes;
  }

  soundCame(sizeBytes: number): void {
    if (sizeBytes > this.#now.largestSoundBytes) this.#now.largestSoundBytes = sizeBytes;
  }

  /** `timestampMs`: of the message, modulo 2^32. */
  pictureCame(sizeBytes: number, timestampMs: number): void {
    const window = this.#now;
    window.fromMs ??= timestampMs;
    if (sizeBytes < window.smallestPictureBytes) window.smallestPictureBytes = sizeBytes;
    this.#pictures += 1;
    if (this.#pictures < WINDOW_PICTURES) return;
    this.#pictures = 0;
    const lastedMs = (timestampMs - window.fromMs) >>> 0; // a step back is taken for a long time
    this.#before = lastedMs <= (1_000 * WINDOW_PICTURES) / MIN_PICTURES_PER_S ? window : undefined;
    this.#now = new Window();
  }

  /** For what comes behind a whole picture. */
  get bytes(): number {
    if (this.#before === undefined) return 1;
    const largestSoundBytes = Math.max(this.#before.largestSoundBytes, this.#now.largestSoundBytes);
    if (largestSoundBytes === 0) return 1;
    const bytes = MAX_WAITING_SOUNDS * (HEADER_BYTES + largestSoundBytes) + 1;
    const smallestPictureBytes = Math.min(this.#before.smallestPictureBytes, this.#now.smallestPictureBytes);
    return smallestPictureBytes >= Math.max(MARGIN * bytes, this.#segmentBytes) ? bytes : 1;
  }
}
