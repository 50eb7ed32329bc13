import { errorWords } from '../../../functions/core/words/error-words.ts';
import { FLAVOUR_FACTS, MYSQL_FLAVOURS } from './mysql-flavours.ts';
import { findMysqlProgram } from './mysql-program.ts';
import { serverAccount } from './server-files.ts';

/**
 * `npm run servers`: finds or fetches every server that tests and drills need beside npm's, and says which they are.
 */

for (const flavour of MYSQL_FLAVOURS) {
  const { title } = FLAVOUR_FACTS[flavour];
  try {
    const { version, origin } = await findMysqlProgram(flavour, serverAccount());
    process.stdout.write(`${title} ${version}: ${origin}\n`);
  } catch (error) {
    process.stderr.write(`${errorWords(error)}\n`);
    process.exitCode = 1;
  }
}
