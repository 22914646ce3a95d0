/** What free text may hold. The ledger stays out of the cardholder data environment: tokens, never numbers. */

/** 13 to 19 digits in a row, or grouped as cards are embossed: 4-4-4-4(-3) and 4-6-5. */
const digitRuns = /(?<!\d)\d{13,19}(?!\d)|(?<![0-9A-Za-z])(?:\d{4}([ .-])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?|\d{4}([ .-])\d{6}\2\d{5})(?![0-9A-Za-z])/g;
/** A hash, trace id or the like: long, hexadecimal and not only digits. */
const hexToken = /^(?=.*[a-f])[0-9a-f]{24,}$/i;

/**
 * True when the text holds what looks like a primary account number: 13-19 digits that pass the Luhn check
 * and start with 2-6, as the card networks' numbers do (epoch milliseconds and snowflake ids start with 1).
 */
export function holdsCardNumber(text: string): boolean {
  for (const match of text.matchAll(digitRuns)) {
    const digits = match[0].replace(/\D/g, '');
    if (/^[2-6]/.test(digits) && passesLuhn(digits) && !hexToken.test(tokenAround(text, match.index))) return true;
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

function tokenAround(text: string, index: number): string {
  const before = /[0-9A-Za-z]*$/.exec(text.slice(0, index))?.[0] ?? '';
  const after = /^[0-9A-Za-z]*/.exec(text.slice(index))?.[0] ?? '';
  return before + after;
}

/** PostgreSQL cannot store NUL, and half a surrogate pair would come back as another character. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}
