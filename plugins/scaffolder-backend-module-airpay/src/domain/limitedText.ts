import { MAX_FILE_BYTES } from './gitHost';

/** What a host answered; undefined when that is longer than the limit, and then it was not read to its end. */
export async function limitedText(response: Response): Promise<string | undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > MAX_FILE_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
