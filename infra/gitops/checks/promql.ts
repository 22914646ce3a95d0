/**
 * Reads out of a PromQL expression which series it asks for: a tokenizer and as much grammar as that takes. Whether the expression is
 * right is promtool's question.
 */
export interface Selector {
  metric: string;
  matchers: { label: string; op: string; value: string }[];
}

export interface Reading {
  selectors: Selector[];
  /** Labels in by, on, without, ignoring, group_left and group_right. */
  grouping: string[];
  /** Labels that label_replace and label_join make. */
  made: string[];
}

interface Token {
  kind: 'name' | 'string' | 'number' | 'sign';
  text: string;
}

const keywords = new Set(['and', 'or', 'unless', 'bool', 'offset', 'atan2', 'inf', 'nan']);
const groupers = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);

export function tokensOf(expression: string): Token[] {
  const tokens: Token[] = [];
  let rest = expression;
  const take = (pattern: RegExp): string | undefined => {
    const found = pattern.exec(rest)?.[0];
    if (found !== undefined) rest = rest.slice(found.length);
    return found;
  };
  while (rest.length > 0) {
    if (take(/^(\s+|#[^\n]*)/) !== undefined) continue;
    const string = take(/^("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)/);
    if (string !== undefined) {
      tokens.push({ kind: 'string', text: string.slice(1, -1).replaceAll('\\\\', '\\') });
      continue;
    }
    // Numbers and durations (5m, 1h30m, 0.5, 1e3).
    const number = take(/^(0x[0-9a-fA-F]+|(\d+(ms|[smhdwy]))+|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)/);
    if (number !== undefined) {
      tokens.push({ kind: 'number', text: number });
      continue;
    }
    const name = take(/^[a-zA-Z_:][a-zA-Z0-9_:]*/);
    if (name !== undefined) {
      tokens.push({ kind: 'name', text: name });
      continue;
    }
    const sign = take(/^(=~|!~|!=|==|<=|>=|[-+*/%^=<>(){}[\],@:])/);
    if (sign === undefined) throw new Error(`not PromQL at "${rest.slice(0, 20)}" in ${expression.slice(0, 80)}`);
    tokens.push({ kind: 'sign', text: sign });
  }
  return tokens;
}

export function read(expression: string): Reading {
  const tokens = tokensOf(expression);
  const reading: Reading = { selectors: [], grouping: [], made: [] };
  const is = (index: number, text: string) => tokens[index]?.kind === 'sign' && tokens[index]?.text === text;
  let at = 0;
  const matchersFrom = (): Selector['matchers'] => {
    const matchers: Selector['matchers'] = [];
    at += 1;
    while (!is(at, '}')) {
      const [label, op, value] = [tokens[at], tokens[at + 1], tokens[at + 2]];
      // A quoted name of a metric in braces, as newer versions allow, is not used here.
      if (!label || label.kind !== 'name' || !value || value.kind !== 'string') throw new Error(`matchers not understood in ${expression.slice(0, 80)}`);
      matchers.push({ label: label.text, op: op!.text, value: value.text });
      at += 3;
      if (is(at, ',')) at += 1;
    }
    at += 1;
    return matchers;
  };
  while (at < tokens.length) {
    const token = tokens[at]!;
    if (token.kind === 'sign' && token.text === '[') {
      while (at < tokens.length && !is(at, ']')) at += 1;
      at += 1;
    } else if (token.kind === 'sign' && token.text === '{') {
      const matchers = matchersFrom();
      const metric = matchers.find(({ label, op }) => label === '__name__' && op === '=')?.value;
      if (!metric) throw new Error(`a selector without the name of a metric: ${expression.slice(0, 80)}`);
      reading.selectors.push({ metric, matchers: matchers.filter(({ label }) => label !== '__name__') });
    } else if (token.kind !== 'name') {
      at += 1;
    } else if (groupers.has(token.text.toLowerCase()) && (is(at + 1, '(') || token.text.startsWith('group_'))) {
      at += 1;
      if (!is(at, '(')) continue;
      for (at += 1; !is(at, ')'); at += 1) if (tokens[at]!.kind === 'name') reading.grouping.push(tokens[at]!.text);
      at += 1;
    } else if (keywords.has(token.text.toLowerCase())) {
      at += 1;
    } else if (is(at + 1, '(') || (tokens[at + 1]?.kind === 'name' && ['by', 'without'].includes(tokens[at + 1]!.text.toLowerCase()))) {
      // A function or an aggregation; of two functions the first string names a label they make.
      if (['label_replace', 'label_join'].includes(token.text)) {
        let depth = 0;
        for (let ahead = at + 1; ahead < tokens.length; ahead += 1) {
          if (is(ahead, '(')) depth += 1;
          if (is(ahead, ')')) depth -= 1;
          if (depth === 1 && tokens[ahead]!.kind === 'string') {
            reading.made.push(tokens[ahead]!.text);
            break;
          }
        }
      }
      at += 1;
    } else {
      const metric = token.text;
      at += 1;
      reading.selectors.push({ metric, matchers: is(at, '{') ? matchersFrom() : [] });
    }
  }
  return reading;
}
