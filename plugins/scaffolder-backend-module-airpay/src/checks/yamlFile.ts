import { Document, isNode, LineCounter, parseAllDocuments } from 'yaml';
import { Files, Finding } from './finding';

/** One document of a YAML file, with the way back to its lines. */
export interface YamlDocument {
  file: string;
  /** Plain values; undefined members are possible at any depth. */
  value: any;
  /** Line of the value at a path, or of its nearest parent that exists. */
  lineOf(path: ReadonlyArray<string | number>): number;
}

/** A rendered file uses no aliases; a bound keeps a crafted one from growing without end. */
const MAX_ALIASES = 0;

/** Every document of every YAML file, read as clusters read it (YAML 1.1: `on` is a boolean). */
export function readYaml(files: Files): { documents: YamlDocument[]; findings: Finding[] } {
  const documents: YamlDocument[] = [];
  const findings: Finding[] = [];
  for (const [file, text] of files) {
    if (!/\.ya?ml$/.test(file)) continue;
    const lines = new LineCounter();
    for (const document of parseAllDocuments(text, { version: '1.1', lineCounter: lines }) as Document.Parsed[]) {
      for (const error of [...document.errors, ...document.warnings]) {
        findings.push({ file, line: lines.linePos(error.pos[0]).line, message: error.message.split('\n')[0] });
      }
      if (document.errors.length > 0 || document.contents === null) continue;
      try {
        documents.push({
          file,
          value: document.toJS({ maxAliasCount: MAX_ALIASES }),
          lineOf: path => lineOf(document, lines, path),
        });
      } catch (error) {
        findings.push({ file, line: 1, message: (error as Error).message });
      }
    }
  }
  return { documents, findings };
}

function lineOf(document: Document, lines: LineCounter, path: ReadonlyArray<string | number>): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
