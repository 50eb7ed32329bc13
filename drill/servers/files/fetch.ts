import { findMysqlProgram } from './mysql-program.ts';
import { MYSQL_FLAVOURS, FLAVOUR_FACTS } from './mysql-flavours.ts';
import { serverAccount } from './server-files.ts';

/** `npm run servers`: finds or fetches every server that tests and drills need beside npm's, and says which they are. */

for (const flavour of MYSQL_FLAVOURS) {
  const { title } = FLAVOUR_FACTS[flavour];
  try {
    const { version, origin } = await findMysqlProgram(flavour, serverAccount());
    process.stdout.write(`${title} ${version}: ${origin}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
