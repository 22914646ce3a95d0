/** What free text may hold. The ledger stays out of the cardholder data environment: tokens, never numbers. */

/** What people and programs put between groups of digits; also dashes and spaces that look the same, and marks without width. */
const separators = '\\s._:/+\\u00ad\\u2010-\\u2015\\u2212\\u2022\\u00b7\\u200b-\\u200d\\u2060\\ufeff-';
const digitChains = new RegExp(`\\d+(?:[${separators}]{1,3}\\d+)*`, 'g');
/** A UUID of any known version is not a card number in groups, whatever its digits are; transfer ids are such. */
const uuids = /(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9a-f])/gi;
/** A hash, trace id or the like: long, hexadecimal and not only digits. */
const hexToken = /^(?=.*[a-f])[0-9a-f]{24,}$/i;
/** Lengths of the groups in which card numbers are embossed, printed and typed. */
const groupings = new Set(['4-4-4-4', '4-4-4-4-1', '4-4-4-4-2', '4-4-4-4-3', '4-4-4-1', '4-4-4-2', '4-4-4-3', '4-4-5', '4-6-5', '4-6-4', '4-6-3', '8-8', '4-12', '12-4', '6-10', '6-13', '6-4-5', '6-4-6']);
/** First digits that the card networks' numbers have; epoch milliseconds and snowflake ids start with 1. */
const networks = /^(?:[2-6]|8[12]|9792)/;
const digitsMin = 13;
const digitsMax = 19;

/**
 * True when the text holds what looks like a primary account number: 13-19 digits that pass the Luhn check and start as
 * the card networks' do, in one run or in a usual grouping, in any script's digits.
 */
export function holdsCardNumber(text: string): boolean {
  if (!mayHold(text)) return false;
  const plain = toAsciiDigits(text).replaceAll(uuids, 'uuid');
  for (const chain of plain.matchAll(digitChains)) {
    const runs = chain[0].match(/\d+/g)!;
    if (runs.length === 1) {
      if (isCardNumber(runs[0]!) && !hexToken.test(tokenAround(plain, chain.index, chain[0].length))) return true;
    } else if (holdsGrouped(runs)) return true;
  }
  return false;
}

export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += index % 2 === 1 ? doubled : digit;
  }
  return sum % 10 === 0;
}

/** Cheap, and false for most text: too few digits. What is not ASCII is looked at closely. */
function mayHold(text: string): boolean {
  let digits = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 127) return text.length >= digitsMin;
    if (code >= 48 && code <= 57) digits++;
  }
  return digits >= digitsMin;
}

function isCardNumber(digits: string): boolean {
  return digits.length >= digitsMin && digits.length <= digitsMax && networks.test(digits) && passesLuhn(digits);
}

/** Any neighbouring groups: a card number may be followed by its expiry date. A run on its own counts as well. */
function holdsGrouped(runs: string[]): boolean {
  for (let from = 0; from < runs.length; from++) {
    if (isCardNumber(runs[from]!)) return true;
    let digits = runs[from]!;
    let lengths = String(digits.length);
    for (let to = from + 1; to < runs.length && digits.length < digitsMax; to++) {
      digits += runs[to]!;
      lengths += `-${runs[to]!.length}`;
      if (groupings.has(lengths) && isCardNumber(digits)) return true;
    }
  }
  return false;
}

/** Full-width and other compatible forms, then the digits of other scripts, become 0-9. */
function toAsciiDigits(text: string): string {
  return text.normalize('NFKC').replaceAll(/(?![0-9])\p{Nd}/gu, character => {
    // Digits of a script stand in a row from 0 to 9: the value is the distance to the first of them.
    let value = 0;
    while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(character.codePointAt(0)! - value - 1))) value++;
    return String(value);
  });
}

function tokenAround(text: string, index: number, length: number): string {
  const before = /[0-9A-Za-z]*$/.exec(text.slice(Math.max(0, index - 200), index))?.[0] ?? '';
  const after = /^[0-9A-Za-z]*/.exec(text.slice(index + length))?.[0] ?? '';
  return before + text.slice(index, index + length) + after;
}

/** PostgreSQL cannot store NUL, and half a surrogate pair would come back as another character. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}
