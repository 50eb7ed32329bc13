import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { PACKAGE_ROOT } from '../lib/house/package.ts';

/** What the commands and the constructs consist of. Measurements, tests and generators stay in the clone. */
export const SOURCES = ['bin', 'lib', 'functions', 'local', 'drill'];

/** A module of ours in an import or an export. */
const OUR_MODULE = /\b(from|import)( ?\(?)'(\.[^'\n]+)\.ts'/g;

/**
 * Writes the JavaScript of every module below `dist`, at the place that it has in the clone. Node makes it in the way
 * in which it runs the clone, so that lines and columns are those of the source.
 */
export function buildPrograms(dist: string): void {
  for (const file of SOURCES.flatMap(modulesIn)) {
    const code = stripTypeScriptTypes(readFileSync(join(PACKAGE_ROOT, file), 'utf8'));
    const target = join(dist, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code.replace(OUR_MODULE, "$1$2'$3.js'"));
  }
}

function modulesIn(folder: string): string[] {
  return readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => join(folder, file));
}
