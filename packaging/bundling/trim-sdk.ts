import type { Plugin } from 'esbuild';
import { readFileSync } from 'node:fs';

const SCHEMAS = /@aws-sdk[\\/]client-([a-z-]+)[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/;

/** Services that name an error in their answer just as the SDK names it. Those of the query protocol do not. */
const NAMES_ITS_ERRORS: ReadonlySet<string> = new Set(['dynamodb', 'eventbridge', 'lambda', 'secrets-manager', 'sfn']);

/**
 * Lets esbuild leave out what the SDK describes and we do not call. A client describes every operation of its service
 * in one file. Its keys are computed (`{ [_e]: 1 }`), so esbuild must assume that evaluating them does something, and
 * keeps them all: two thirds of the client for Lambda. The keys are constants of the same file, so they are put in.
 *
 * Where the answer names the error, the classes of errors are left out too. The SDK then throws the service's base
 * exception under that same name, with the message of the answer. We look at names alone.
 */
export const trimSdk: Plugin = {
  name: 'trim-sdk',
  setup(build) {
    build.onLoad({ filter: SCHEMAS }, ({ path }) => {
      const text = withConstantKeys(readFileSync(path, 'utf8'));
      const service = SCHEMAS.exec(path)?.[1] ?? '';
      return { contents: NAMES_ITS_ERRORS.has(service) ? withoutErrorClasses(text) : text };
    });
  },
};

function withConstantKeys(text: string): string {
  const constants = new Map([...text.matchAll(/^const (\w+) = ("[^"]*");$/gm)].map(([, name, value]) => [name, value]));
  return text.replace(/\[(\w+)\]:/g, (whole, name: string) => {
    const value = constants.get(name);
    return value === undefined ? whole : `${value}:`;
  });
}

/** The base exception is registered with another registry. */
function withoutErrorClasses(text: string): string {
  return text.replace(/^n0_registry\.registerError\(.*$/gm, '');
}
