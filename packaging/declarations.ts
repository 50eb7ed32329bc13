import { join } from 'node:path';
import ts from 'typescript';
import { PACKAGE_ROOT } from '../lib/house/package.ts';

/** The options of the clone. */
function readCompilerOptions(): ts.CompilerOptions {
  const file = join(PACKAGE_ROOT, 'tsconfig.json');
  const { config, error } = ts.readConfigFile(file, (path) => ts.sys.readFile(path)) as {
    readonly config?: { readonly compilerOptions: object };
    readonly error?: ts.Diagnostic;
  };
  if (config === undefined) throw new Error(inWords(error === undefined ? [] : [error]));
  const { options, errors } = ts.convertCompilerOptionsFromJson(
    { ...config.compilerOptions, noEmit: false, rewriteRelativeImportExtensions: true },
    PACKAGE_ROOT,
  );
  if (errors.length > 0) throw new Error(inWords(errors));
  return options;
}

/** Writes the types of the constructs below `dist`. Throws when there is an error in them. */
export function buildTypes(dist: string): void {
  const program = ts.createProgram([join(PACKAGE_ROOT, 'lib', 'index.ts')], {
    ...readCompilerOptions(),
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: PACKAGE_ROOT,
    outDir: dist,
  });
  const found = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  if (found.length > 0) throw new Error(inWords(found));
}

function inWords(found: readonly ts.Diagnostic[]): string {
  return ts.formatDiagnostics(found, {
    getCanonicalFileName: (file) => file,
    getCurrentDirectory: () => PACKAGE_ROOT,
    getNewLine: () => '\n',
  });
}
