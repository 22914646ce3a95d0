/**
 * `node src/verify.ts <file> [--head <hash>] [--from <hash>]`: recomputes an exported journal without any database and says where it
 * was edited, where something is missing, added or in another order. `--head`: the hash that the journal must end with, as an
 * audit or another export has told it; only it shows that nothing was cut from the end and the history was not rewritten.
 * `--from`: a hash noted earlier that the chain must run through. Ends with 0 when all holds, 1 on a fault, 2 when it cannot read.
 */
import { createReadStream } from 'node:fs';
import { parseArgs } from 'node:util';
import { Verifier } from './domain/verify.ts';

/** Far above what a row can be. */
const lineMax = 1 << 22;

async function main(): Promise<number> {
  const { values: noted, positionals: [file, ...others] } = parseArgs({ options: { head: { type: 'string' }, from: { type: 'string' } }, allowPositionals: true });
  if (file === undefined || others.length > 0) throw new Error('usage: node src/verify.ts <file> [--head <hash>] [--from <hash>]');
  for (const [name, hash] of Object.entries(noted)) if (!/^[0-9a-f]{64}$/.test(hash)) throw new Error(`--${name} takes a hash of 64 hexadecimal digits`);
  const verifier = new Verifier(noted);
  let rest = '';
  // By hand: readline also ends lines at characters that a text in the file may hold.
  for await (const chunk of createReadStream(file, 'utf8')) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop()!;
    if (rest.length > lineMax) throw new Error(`${file} has a line of more than ${lineMax} characters`);
    for (const line of lines) verifier.take(line);
  }
  if (rest !== '') verifier.take(rest);
  const { faults, examples, links, rows, commands, accounts, payments, head } = verifier.finish();
  for (const example of examples) console.log(example);
  if (faults > examples.length) console.log(`… and ${faults - examples.length} more`);
  console.log(`${links} links, ${rows} rows of ${commands} commands, ${accounts} accounts, ${payments} payments`);
  console.log(`head: ${head ?? 'none'}${noted.head === undefined ? ' (compare it with the one you noted, or give it as --head)' : ''}`);
  console.log(faults === 0 ? 'nothing was changed' : `${faults} faults`);
  return faults === 0 ? 0 : 1;
}

main().then(
  code => {
    process.exitCode = code;
  },
  (error: Error) => {
    console.error(`ledger verify: ${error.message}`);
    process.exitCode = 2;
  },
);
