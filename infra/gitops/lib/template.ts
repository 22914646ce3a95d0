/**
 * The part of Go's text/template (with sprig's names) that ApplicationSets here use, with `missingkey=error`: fields, string literals,
 * `index`, `eq`, `hasKey`, `trimSuffix`, `if`/`else if`/`else`/`end`, and trim markers. Anything else is refused, so that a template which
 * the tests cannot read is not written.
 */
type Node = { kind: 'text'; text: string } | { kind: 'value'; expression: string } | { kind: 'if'; branches: { condition: string | null; body: Node[] }[] };

/** What a template gives for these values. @throws Error for a missing key or a construct that is not known */
export function renderTemplate(source: string, values: unknown): string {
  const tokens = tokensOf(source);
  const { nodes, at } = parseUntil(tokens, 0, []);
  if (at !== tokens.length) throw new Error(`unexpected {{ ${tokens[at]!.action} }}`);
  return evaluate(nodes, values);
}

type Token = { text: string; action?: undefined } | { action: string; text?: undefined };

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let rest = source;
  for (;;) {
    const open = rest.indexOf('{{');
    if (open < 0) break;
    const close = rest.indexOf('}}', open);
    if (close < 0) throw new Error('{{ without }}');
    let before = rest.slice(0, open);
    let action = rest.slice(open + 2, close);
    rest = rest.slice(close + 2);
    if (/^-\s/.test(action)) {
      action = action.slice(1);
      before = before.trimEnd();
    }
    if (/\s-$/.test(action)) {
      action = action.slice(0, -1);
      rest = rest.trimStart();
    }
    tokens.push({ text: before }, { action: action.trim() });
  }
  tokens.push({ text: rest });
  return tokens;
}

function parseUntil(tokens: Token[], from: number, ends: string[]): { nodes: Node[]; at: number } {
  const nodes: Node[] = [];
  let at = from;
  while (at < tokens.length) {
    const token = tokens[at]!;
    if (token.action === undefined) {
      nodes.push({ kind: 'text', text: token.text });
      at += 1;
      continue;
    }
    const [word] = token.action.split(/\s/);
    if (ends.includes(word!)) return { nodes, at };
    if (word === 'if') {
      const branches: { condition: string | null; body: Node[] }[] = [];
      let condition: string | null = token.action.slice(2).trim();
      for (;;) {
        const body = parseUntil(tokens, at + 1, ['else', 'end']);
        branches.push({ condition, body: body.nodes });
        at = body.at;
        const next = tokens[at]?.action;
        if (next === undefined) throw new Error('if without end');
        if (next === 'end') break;
        condition = next.startsWith('else if ') ? next.slice(8).trim() : null;
      }
      nodes.push({ kind: 'if', branches });
    } else if (['else', 'end', 'range', 'with', 'define', 'template', 'block'].includes(word!)) {
      throw new Error(`{{ ${token.action} }} is not known here`);
    } else nodes.push({ kind: 'value', expression: token.action });
    at += 1;
  }
  if (ends.length > 0) throw new Error(`no {{ ${ends.at(-1)} }}`);
  return { nodes, at };
}

function evaluate(nodes: Node[], values: unknown): string {
  return nodes.map(node => {
    if (node.kind === 'text') return node.text;
    if (node.kind === 'value') return String(value(node.expression, values));
    const branch = node.branches.find(({ condition }) => condition === null || truthy(value(condition, values)));
    return branch ? evaluate(branch.body, values) : '';
  }).join('');
}

const truthy = (found: unknown) => found !== '' && found !== false && found !== 0 && found !== undefined && found !== null;

function value(expression: string, values: unknown): unknown {
  const words = expression.match(/"[^"]*"|[^\s]+/g) ?? [];
  const operand = (word: string | undefined): unknown => {
    if (word === undefined) throw new Error(`{{ ${expression} }} lacks an argument`);
    if (word.startsWith('"')) return word.slice(1, -1);
    if (word.startsWith('.')) return field(word, values);
    throw new Error(`{{ ${expression} }} is not known here`);
  };
  const [name, ...given] = words;
  if (name === 'index') return given.slice(1).reduce((found, key) => member(found, String(operand(key)), expression), operand(given[0]));
  if (name === 'eq') return operand(given[0]) === operand(given[1]);
  if (name === 'hasKey') return Object.hasOwn(operand(given[0]) as object, String(operand(given[1])));
  if (name === 'trimSuffix') {
    const [suffix, text] = [String(operand(given[0])), String(operand(given[1]))];
    return text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text;
  }
  if (words.length !== 1) throw new Error(`{{ ${expression} }} is not known here`);
  return operand(name);
}

function field(dotted: string, values: unknown): unknown {
  return dotted.split('.').filter(Boolean).reduce((found, key) => member(found, key, dotted), values);
}

function member(found: unknown, key: string, expression: string): unknown {
  if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) throw new Error(`missing key ${key} in {{ ${expression} }}`);
  return (found as Record<string, unknown>)[key];
}
