import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, matchesGlob, normalize, resolve } from 'node:path';
import ts from 'typescript';

export const root = resolve(import.meta.dirname, '..');

/** Lowest first. A file imports only lower layers, with the exceptions in `sameLayerAllowed`. */
const layerOrder = ['domain', 'adapter', 'useCase', 'edge', 'wiring'];
/** Pure functions build on pure functions; a React component or a route on smaller ones; wiring is joined from parts. */
const sameLayerAllowed = new Set(['domain', 'edge', 'wiring']);

/** What each package may import of ours. Nobody may import what is not listed. */
const mayImport: Record<string, RegExp> = {
  app: /^@airpay\/plugin-airpay-(platform|dr)$/,
  backend: /^(app|@airpay\/plugin-.*(-backend|-backend-module-.*))$/,
  '@airpay/plugin-airpay-platform': /^@airpay\/plugin-airpay-platform-common$/,
  '@airpay/plugin-airpay-platform-backend': /^@airpay\/plugin-airpay-platform-common$/,
  '@airpay/plugin-airpay-dr': /^@airpay\/plugin-airpay-dr-common$/,
  '@airpay/plugin-airpay-dr-backend': /^@airpay\/plugin-airpay-dr-common$/,
};
const nothing = /^$/;
/** Packages that must run without Backstage. */
const withoutBackstage = new Set(['@airpay/ledger', '@airpay/local-platform', '@airpay/e2e']);
/** The wire types are read in the browser and in the backend: neither Node nor React. */
const commonMayImport = /^(zod|@backstage\/plugin-permission-common)$/;

export interface SourcePackage {
  name: string;
  /** Relative to the repository. */
  folder: string;
  layers: Record<string, string[]>;
  /** Source file, relative to the package -> module specifiers it imports. */
  imports: Map<string, string[]>;
  dependencies: string[];
}

/** Reads every workspace: its declared layers and the imports of its source files (tests left out). */
export function readPackages(): SourcePackage[] {
  const folders = ['packages/*', 'plugins/*', 'ledger'].flatMap(pattern => globSync(pattern, { cwd: root })).sort();
  return folders.filter(folder => existsSync(join(root, folder, 'package.json'))).map(folder => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const files = globSync('src/**/*.{ts,tsx}', { cwd: join(root, folder) }).filter(file => !/\.test\.tsx?$|setupTests\.ts$|\/__testUtils__\/|\.d\.ts$/.test(file));
    const imports = new Map(files.sort().map(file => {
      const text = readFileSync(join(root, folder, file), 'utf8');
      return [file, ts.preProcessFile(text, true, true).importedFiles.map(one => one.fileName)] as const;
    }));
    return { name: manifest.name, folder, layers: manifest.airpay?.layers ?? {}, imports, dependencies: Object.keys(manifest.dependencies ?? {}) };
  });
}

function layersOf(one: SourcePackage, file: string): string[] {
  return layerOrder.filter(layer => one.layers[layer]?.some(pattern => matchesGlob(file, pattern)));
}

/** The source file a relative specifier means, or undefined for data files (JSON, CSS, SVG). */
function target(one: SourcePackage, file: string, specifier: string): string | undefined {
  const path = normalize(join(dirname(file), specifier));
  return [path, `${path}.ts`, `${path}.tsx`, `${path}/index.ts`, `${path}/index.tsx`].find(candidate => one.imports.has(candidate));
}

function checkOwnImport(one: SourcePackage, file: string, layer: string, specifier: string): string[] {
  const imported = target(one, file, specifier);
  if (!imported) return [];
  const other = layersOf(one, imported)[0];
  if (!other) return [];
  const distance = layerOrder.indexOf(layer) - layerOrder.indexOf(other);
  if (distance > 0 || (distance === 0 && sameLayerAllowed.has(layer))) return [];
  return [`${one.folder}/${file} (${layer}) imports ${imported} (${other})`];
}

function checkOtherImport(one: SourcePackage, file: string, specifier: string): string[] {
  const refuse = [`${one.folder}/${file} must not import ${specifier}`];
  const ours = specifier.startsWith('@airpay/') || specifier === 'app' || specifier === 'backend';
  if (ours && !(mayImport[one.name] ?? nothing).test(specifier)) return refuse;
  if (withoutBackstage.has(one.name) && specifier.startsWith('@backstage/')) return refuse;
  if (one.name.endsWith('-common') && !commonMayImport.test(specifier)) return refuse;
  return [];
}

/** One sentence per violation; empty when the package keeps the rules. */
export function checkStructure(one: SourcePackage): string[] {
  const problems: string[] = [];
  for (const [file, specifiers] of one.imports) {
    const layers = layersOf(one, file);
    if (layers.length === 0) problems.push(`${one.folder}/${file} has no layer: name it under airpay.layers in ${one.folder}/package.json`);
    if (layers.length > 1) problems.push(`${one.folder}/${file} has two layers: ${layers.join(', ')}`);
    for (const specifier of specifiers) {
      problems.push(...(specifier.startsWith('.') ? checkOwnImport(one, file, layers[0] ?? 'wiring', specifier) : checkOtherImport(one, file, specifier)));
    }
  }
  return problems;
}
