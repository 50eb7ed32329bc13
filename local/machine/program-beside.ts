import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The file of a program that is started as a process of its own and lies beside the module of `url`: `name` without an
 * extension, since it is TypeScript in a clone and JavaScript where it was built.
 */
export function programBeside(url: string, name: string): string {
  return fileURLToPath(new URL(`./${name}${extname(fileURLToPath(url))}`, url));
}
