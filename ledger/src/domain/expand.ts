/**
 * Whether a migration only adds. While a new version of the ledger is rolled out, the one before runs on the new schema (and after a
 * rollback for longer): what takes something away from it, or refuses what it writes, must say `--! breaking` on its first line.
 */

/** What may hurt a running service, and why. Tried on each statement, outside of comments, texts and functions' bodies. */
const contracting: readonly (readonly [RegExp, string])[] = [
  [/^DROP\b|\bDROP\s+(COLUMN|CONSTRAINT|DEFAULT|NOT|EXPRESSION|IDENTITY|ATTRIBUTE|VALUE|OWNED)\b/, 'takes something away'],
  [/\bRENAME\b|\bSET\s+SCHEMA\b/, 'gives something another name'],
  [/^ALTER\s+TYPE\b|\bALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b/, 'changes a type'],
  [/\bSET\s+NOT\s+NULL\b/, 'refuses rows without a value'],
  [/\bADD\s+(COLUMN\s+)?(?!CONSTRAINT|CHECK|UNIQUE|FOREIGN|PRIMARY|EXCLUDE)\S+\s+[^,]*\bNOT\s+NULL\b(?![^,]*\b(DEFAULT|GENERATED)\b)(?<!\bDEFAULT\b[^,]*)/, 'adds a column that must be filled'],
  [/\bADD\s+(CONSTRAINT\b|CHECK\b|UNIQUE\b|FOREIGN\b|PRIMARY\b|EXCLUDE\b)|\bVALIDATE\s+CONSTRAINT\b/, 'refuses rows that were allowed'],
  [/^CREATE\s+UNIQUE\s+INDEX\b/, 'refuses rows that were allowed'],
  [/^CREATE\s+(OR\s+REPLACE\s+)?(CONSTRAINT\s+)?TRIGGER\b/, 'does something at each write'],
  [/\b(DISABLE|ENABLE|FORCE)\s+(ROW|TRIGGER|RULE|REPLICA|ALWAYS)\b/, 'changes what is guarded'],
  [/^REVOKE\b(?!.*\bFROM\s+PUBLIC\s*$)/, 'takes a right away'],
  [/^(TRUNCATE|DELETE|UPDATE)\b/, 'changes what was written'],
  [/^REASSIGN\b|\bOWNER\s+TO\b/, 'changes an owner'],
];
/** In a DO block anything may be put together; these words have no business there unless something goes. */
const contractingInBlocks = /\b(DROP|RENAME)\s+(TABLE|COLUMN|CONSTRAINT|FUNCTION|VIEW|TYPE|INDEX|SCHEMA|TRIGGER|POLICY|TO|DOMAIN)\b|\bSET\s+NOT\s+NULL\b|\bREVOKE\b/i;
/** What a statement is about, where that can be something which the same file made: then nobody uses it yet. */
const subject = /^(?:ALTER\s+(?:TABLE|TYPE|DOMAIN)\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?|CREATE\s+UNIQUE\s+INDEX\s+.*?\bON\s+|CREATE\s+(?:CONSTRAINT\s+)?TRIGGER\s+.*?\bON\s+|REVOKE\s+.*?\bON\s+(?:TABLE\s+)?)([\w.]+)/;
const made = /^CREATE\s+(?:TABLE|TYPE|DOMAIN|(?:OR\s+REPLACE\s+)?VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)/;

/** One sentence per statement that does more than add; empty when the one before can go on working. */
export function contractions(sql: string): string[] {
  const { statements, blocks } = split(sql);
  const own = new Set(statements.flatMap(statement => made.exec(statement)?.[1]?.toLowerCase() ?? []));
  const found = statements.flatMap(statement => {
    const about = subject.exec(statement)?.[1]?.toLowerCase();
    if (about !== undefined && own.has(about)) return [];
    const creates = /^CREATE\s+(?!UNIQUE|(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER)/.test(statement) || /^(COMMENT|GRANT|SELECT|INSERT)\b/.test(statement);
    return contracting.filter(([pattern]) => !creates && pattern.test(statement)).slice(0, 1).map(([, why]) => `${why}: ${statement.slice(0, 120)}`);
  });
  return [...found, ...blocks.filter(block => contractingInBlocks.test(block)).map(block => `takes something away: ${contractingInBlocks.exec(block)![0]} in a DO block`)];
}

/** Statements in capitals and on one line, without comments and texts; bodies of DO blocks apart, those of functions left out. */
function split(sql: string): { statements: string[]; blocks: string[] } {
  const blocks: string[] = [];
  const plain = sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|(\bDO\s+)?\$(\w*)\$[\s\S]*?\$\2\$/g, (text, block: string | undefined) => {
    if (block !== undefined) blocks.push(text.replace(/--[^\n]*/g, ''));
    return text.startsWith('-') || text.startsWith('/') ? ' ' : block === undefined ? "''" : "DO ''";
  });
  const statements = plain.split(';').map(statement => statement.trim().replace(/\s+/g, ' ').toUpperCase()).filter(statement => statement !== '');
  return { statements, blocks };
}
