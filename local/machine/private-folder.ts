import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * Makes a folder that nobody but its owner may enter, or takes one that is there. Throws when it, or one of `names` in
 * it, is a symbolic link or somebody else's: whoever put it there decides where we write.
 */
export async function takePrivateFolder(folder: string, names: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await refuseForeign(folder);
  await chmod(folder, 0o700);
  for (const name of names) await refuseForeign(join(folder, name));
}

/** Writes a file of a private folder that its owner alone may read, in the place of an earlier one. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  await rm(unfinished, { force: true });
  const file = await open(unfinished, 'wx', 0o600);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}

/** The text of a file that nobody but its owner can have written. Null when there is none. Throws when it is not ours. */
export async function readPrivateFile(path: string): Promise<string | null> {
  const file = await openExisting(path);
  if (file === null) return null;
  try {
    const { uid, mode } = await file.stat();
    if (uid !== userInfo().uid || (mode & 0o022) !== 0) throw new NotOurs(path, 'can be written by somebody else');
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function openExisting(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT') return null;
    if (code === 'ELOOP') throw new NotOurs(path, 'is a symbolic link');
    throw error;
  }
}

async function refuseForeign(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found === null) return;
  if (found.isSymbolicLink()) throw new NotOurs(path, 'is a symbolic link');
  if (found.uid !== userInfo().uid) throw new NotOurs(path, 'belongs to somebody else');
}

class NotOurs extends Error {
  constructor(path: string, what: string) {
    super(`${path} ${what}; look at it and remove it, or name another folder for the records`);
    this.name = 'NotOurs';
  }
}
