/** Secrets at rest: AES-256-GCM under a key that the database never sees. */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';

export const nonceBytes = 12;
const tagBytes = 16;

/** Seals with the first of its keys, opens with any. */
export class Sealer {
  /** The id stands beside what a key sealed, so that keys can be changed one after another. */
  readonly #keys: readonly { id: string; key: Uint8Array }[];

  /**
   * @param keys 32 bytes each
   * Throws a RangeError when there is none, or one of another length.
   */
  constructor(keys: readonly Uint8Array[]) {
    if (keys.length === 0 || keys.some(key => key.length !== 32)) throw new RangeError('sealing keys are 32 bytes, and at least one');
    this.#keys = keys.map(key => ({ id: createHash('sha256').update('airpay sealing key').update(key).digest('hex').slice(0, 8), key }));
  }

  /**
   * @param place whose it is, for example `tenant/endpoint`: moved to another row it does not open
   * @param nonce 12 random bytes, never the same twice
   * @returns `<key id>.<base64url of nonce, tag and ciphertext>`
   */
  seal(text: string, place: string, nonce: Buffer): string {
    const { id, key } = this.#keys[0]!;
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return `${id}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`;
  }

  /** Undefined when its key is not known here, or when it is not what was sealed for this place. */
  open(sealed: string, place: string): string | undefined {
    const [id, text] = sealed.split('.', 2);
    const key = this.#keys.find(one => one.id === id)?.key;
    const bytes = Buffer.from(text ?? '', 'base64url');
    // The last character has bits that mean nothing: only the text that was written opens.
    if (!key || bytes.length < nonceBytes + tagBytes || bytes.toString('base64url') !== text) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes)).setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }
}
