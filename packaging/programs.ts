import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { PACKAGE_ROOT } from '../lib/house/package.ts';
import { readCompilerOptions } from './declarations.ts';

/** What the commands and the constructs consist of. Measurements, tests and generators stay in the clone. */
const FOLDERS = ['bin', 'lib', 'functions', 'local', 'drill'];

/**
 * Writes the JavaScript of every module below `dist`, at the place that it has in the clone. It checks no types, which
 * `npm run types` does: a module by itself is enough for JavaScript, and takes milliseconds.
 */
export function buildPrograms(dist: string): void {
  const compilerOptions = readCompilerOptions();
  for (const file of FOLDERS.flatMap(modulesIn)) {
    const source = readFileSync(join(PACKAGE_ROOT, file), 'utf8');
    const { outputText } = ts.transpileModule(source, { fileName: file, compilerOptions });
    const target = join(dist, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
}

function modulesIn(folder: string): string[] {
  return readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => join(folder, file));
}
