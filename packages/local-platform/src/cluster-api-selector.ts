/** Label and field selectors of the Kubernetes API. Pure. */

export type Matcher = (labels: Record<string, string>) => boolean;

const KEY = '[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,252}[A-Za-z0-9])?';
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*([A-Za-z0-9._-]{0,63})$`);
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);

/**
 * Parses a label selector: equality (`a=b`, `a==b`, `a!=b`) and sets (`a in (b,c)`, `a notin (b)`,
 * `a`, `!a`), joined by commas.
 * @throws SyntaxError naming the part that cannot be read
 */
export function parseLabelSelector(text: string): Matcher {
  // A comma inside parentheses separates values, not requirements.
  const parts = text.match(/[^,(]+(?:\([^)]*\))?/g) ?? [];
  const matchers = parts.map(part => part.trim()).filter(part => part !== '').map(parseRequirement);
  return labels => matchers.every(matches => matches(labels));
}

function parseRequirement(part: string): Matcher {
  const set = SET.exec(part);
  if (set !== null) {
    const [, key, operator, list] = set as unknown as [string, string, string, string];
    const values = list.split(',').map(value => value.trim());
    if (operator === 'in') return labels => labels[key] !== undefined && values.includes(labels[key]);
    // As the API has it: an object without the label is not in the set.
    return labels => labels[key] === undefined || !values.includes(labels[key]);
  }
  const equality = EQUALITY.exec(part);
  if (equality !== null) {
    const [, key, operator, value] = equality as unknown as [string, string, string, string];
    return operator === '!=' ? labels => labels[key] !== value : labels => labels[key] === value;
  }
  const exists = EXISTS.exec(part);
  if (exists === null) throw new SyntaxError(`unable to parse requirement: ${part}`);
  const [, not, key] = exists as unknown as [string, string, string];
  return labels => (labels[key] === undefined) === (not === '!');
}

/**
 * Parses a field selector (`metadata.name=x,status.phase!=Running`) into a test over whole objects.
 * @throws SyntaxError naming the part that cannot be read
 */
export function parseFieldSelector(text: string): (object: unknown) => boolean {
  const tests = text.split(',').filter(part => part !== '').map(part => {
    const match = /^([A-Za-z][A-Za-z.]*)(==|=|!=)(.*)$/.exec(part);
    if (match === null) throw new SyntaxError(`invalid field selector: ${part}`);
    const [, field, operator, value] = match as unknown as [string, string, string, string];
    return (object: unknown) => {
      const found = field.split('.').reduce<any>((at, name) => at?.[name], object);
      return (String(found ?? '') === value) === (operator !== '!=');
    };
  });
  return object => tests.every(test => test(object));
}
