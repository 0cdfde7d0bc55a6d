import { createDecipheriv } from 'node:crypto';
import { PublishError } from '../publisher/errors.ts';
import type { HlsClient } from './player-client.ts';
import type { SegmentKey } from './player-playlist.ts';

const KEY_BYTES = 16;
const KEY_LIMITS = { maxBytes: 1024, timeoutMs: 10_000 };
/** Servers change keys now and then, and come back to none. */
const MAX_KEPT_KEYS = 4;

/** AES-128 of whole segments: CBC with PKCS7 padding, RFC 8216 §4.3.2.4 and §5.2. Keys are got once. */
export class SegmentKeys {
  readonly #client: HlsClient;
  readonly #keys = new Map<string, Buffer>();

  constructor(client: HlsClient) {
    this.#client = client;
  }

  /** `sequence`: media sequence number, for keys without an initialisation vector. Rejects with PublishError. */
  async decrypt(bytes: Buffer, { url, iv }: SegmentKey, sequence: number): Promise<Buffer> {
    const key = this.#keys.get(url) ?? (await this.#load(url));
    try {
      const decipher = createDecipheriv('aes-128-cbc', key, iv ?? vectorOf(sequence));
      return Buffer.concat([decipher.update(bytes), decipher.final()]);
    } catch (cause) {
      throw new PublishError('protocol_violation', 'a segment cannot be decrypted with its key', { cause });
    }
  }

  async #load(url: string): Promise<Buffer> {
    const { bytes } = await this.#client.load({ url, range: undefined }, KEY_LIMITS);
    if (bytes.length !== KEY_BYTES) {
      throw new PublishError('protocol_violation', `the key of its segments has ${bytes.length} bytes instead of 16`);
    }
    const [oldest] = this.#keys.keys();
    if (oldest !== undefined && this.#keys.size >= MAX_KEPT_KEYS) this.#keys.delete(oldest);
    this.#keys.set(url, bytes);
    return bytes;
  }
}

function vectorOf(sequence: number): Buffer {
  const vector = Buffer.alloc(KEY_BYTES);
  vector.writeBigUInt64BE(BigInt(sequence), KEY_BYTES - 8);
  return vector;
}
