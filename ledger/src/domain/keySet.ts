/** A set of texts that takes 32 to 64 bytes for each, whatever their length: their hashes in one flat table. Two texts with one 128-bit hash are not a worry. */
import { hash } from 'node:crypto';

export class KeySet {
  #slots = new BigUint64Array(2 * 1024);
  #size = 0;

  /** False when it is in already. */
  add(text: string): boolean {
    const digest = hash('sha256', text, 'buffer');
    // Zero marks a free slot.
    if (!this.#put(digest.readBigUInt64LE(0) | 1n, digest.readBigUInt64LE(8))) return false;
    if (++this.#size * 4 > this.#slots.length) this.#grow();
    return true;
  }

  #put(first: bigint, second: bigint): boolean {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    let index = Number(second & 0xffff_ffffn) & mask;
    for (; slots[index * 2] !== 0n; index = (index + 1) & mask) if (slots[index * 2] === first && slots[index * 2 + 1] === second) return false;
    slots[index * 2] = first;
    slots[index * 2 + 1] = second;
    return true;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new BigUint64Array(before.length * 2);
    for (let index = 0; index < before.length; index += 2) if (before[index] !== 0n) this.#put(before[index]!, before[index + 1]!);
  }
}
