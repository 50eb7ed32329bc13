import { isIP } from 'node:net';
import type { Shown } from '../../../core/protocol/check-facts.ts';
import type { Session } from '../../../core/server/session.ts';
import type { Features } from '../connect/features.ts';
import { accountPrivileges, SEES_ACCOUNTS } from '../grants/grants.ts';
import type { Applications } from '../connect/applications.ts';

/** Room for what clients say of themselves; the server's own default is 512. */
const ROOM = 2048;

const SIZE = 'performance_schema_session_connect_attrs_size';

/** What a policy can protect by on this server. `account`: our own, quoted. */
export function shownOf(
  sessions: readonly Session[],
  { gap }: Pick<Applications, 'gap'>,
  { engine, isRds, administrators, hasThreads, hasAccounts }: Features,
  account: string,
): Shown {
  const clients = sessions.flatMap(({ kind, own, client }) =>
    kind === 'client' && !own && client !== null && client !== 'localhost' ? [client] : [],
  );
  const addresses = clients.filter((client) => isIP(client) !== 0).length;
  return {
    applications:
      gap === null
        ? null
        : {
            without:
              gap === 'off'
                ? 'this server does not show applications'
                : 'this server had no room for what some clients said of themselves, so their application is unknown',
            fix: settingsFor(gap, isRds),
          },
    administrators:
      isRds && administrators !== 'privileges'
        ? {
            without: 'the responder may not see who is an administrator',
            fix: accountPrivileges(engine, isRds).map(({ grant }) => `GRANT ${grant} TO ${account}`),
          }
        : null,
    owners:
      hasThreads || hasAccounts
        ? null
        : {
            without:
              'while a session runs a routine, it shows as its definer, and the responder may not read the accounts',
            fix: [`GRANT ${SEES_ACCOUNTS.grant} TO ${account}`],
          },
    addresses,
    hostNames: clients.length - addresses,
  };
}

function settingsFor(gap: 'off' | 'lost', isRds: boolean): readonly string[] {
  const settings = [...(gap === 'off' ? ['performance_schema = ON'] : []), `${SIZE} = ${ROOM}`];
  return isRds
    ? [`set ${settings.join(' and ')} in the parameter group`, 'reboot the instance']
    : [`set ${settings.join(' and ')} in the server's configuration file`, 'restart the server'];
}
