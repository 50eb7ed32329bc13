import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

export interface ImportOf {
  /** Importing file, relative to the repository. */
  readonly from: string;
  /** Imported file, relative to the repository, or the name of a package (`node:…` for what comes with Node). */
  readonly to: string;
  readonly isPackage: boolean;
  /** It imports types only: nothing of it is left at run time. */
  readonly isTypeOnly: boolean;
}

/** Every import of every source file in a folder: static, dynamic, of types, and exports from elsewhere. */
export function importsIn(root: string, folder: string): ImportOf[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|js)$/.test(file))
    .map((file) => join(folder, file))
    .flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
}

/** The imports of one file, as the compiler reads it. */
export function importsOf(file: string, text: string): ImportOf[] {
  const found: ImportOf[] = [];
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== null) found.push(resolve(file, specifier, isTypeOnly(node)));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return found;
}

function specifierOf(node: ts.Node): string | null {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
    return ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : null;
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return node.argument.literal.text;
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    return argument !== undefined && ts.isStringLiteralLike(argument) ? argument.text : null;
  }
  return null;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  return ts.isImportTypeNode(node);
}

function resolve(from: string, specifier: string, isTypeOnlyImport: boolean): ImportOf {
  const isPackage = !specifier.startsWith('.');
  const to = isPackage ? packageOf(specifier) : relative('.', join(dirname(from), specifier));
  return { from, to, isPackage, isTypeOnly: isTypeOnlyImport };
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  if (builtinModules.includes(specifier)) return `node:${specifier}`;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
