import { isAddressPattern, isHostPattern, isRewritten, MOST_NAME_BYTES } from '../policy/doubt.ts';
import type { Policy } from '../policy/policy.ts';
import type { TargetSettings } from '../policy/target.ts';
import type { CheckFacts } from '../protocol/check-facts.ts';
import type { EngineName } from '../server/snapshot.ts';
import { failed, fine, joinFixes, listNames, type CheckFinding } from './finding.ts';

type Protect = Policy['protect'];

/** Something in the policy that cannot be matched on this server: what, and what would help. */
interface Unmatched {
  readonly words: string;
  readonly fix: readonly string[];
}

/** Whether everything that the policy protects by can be told on this server. */
export function checkProtection(
  { server, shown }: CheckFacts,
  { policy, isRds = false }: Partial<Pick<TargetSettings, 'policy' | 'isRds'>>,
): CheckFinding {
  if (policy === undefined) return fine('protection', 'there is no policy to check');
  const { protect } = policy;
  const unmatched = [
    ...longNames(protect, server.engine),
    ...applications(protect, server.engine, shown),
    ...clients(protect, server.engine, shown),
    ...administrators(protect, isRds, shown),
    ...owners(shown),
  ];
  if (unmatched.length === 0) return fine('protection', 'this server shows all that the policy protects by');
  const words = unmatched.map((each) => each.words).join('; ');
  return failed(
    'protection',
    `${words}. No session that may be meant is ended`,
    joinFixes(unmatched.flatMap(({ fix }) => fix)),
  );
}

/** The longest name that the server has or shows, in characters; PostgreSQL counts bytes. */
const LONGEST: Readonly<Record<EngineName, Readonly<Record<'users' | 'applications' | 'databases', number>>>> = {
  postgres: { users: MOST_NAME_BYTES, applications: MOST_NAME_BYTES, databases: MOST_NAME_BYTES },
  mysql: { users: 32, applications: 1024, databases: 64 },
  mariadb: { users: 128, applications: 1024, databases: 64 },
};

function longNames(protect: Protect, engine: EngineName): Unmatched[] {
  const lengthOf = (name: string) => (engine === 'postgres' ? Buffer.byteLength(name) : [...name].length);
  return (['users', 'applications', 'databases'] as const).flatMap((field) => {
    const most = LONGEST[engine][field];
    const long = protect[field].filter((pattern) => lengthOf(pattern.replace(/\*$/, '')) > most);
    if (long.length === 0) return [];
    return [
      {
        words: `protect.${field}: names have ${most} ${engine === 'postgres' ? 'bytes' : 'characters'} at most: ${listNames(long)}`,
        fix: [`write the names of protect.${field} as the server shows them, or as prefixes with a star`],
      },
    ];
  });
}

function applications({ applications }: Protect, engine: EngineName, shown: CheckFacts['shown']): Unmatched[] {
  if (applications.length === 0) return [];
  if (shown.applications !== null) {
    return [
      {
        words: `protect.applications: ${shown.applications.without}`,
        fix: [...shown.applications.fix, 'or protect them by user (protect.users)'],
      },
    ];
  }
  const rewritten = engine === 'postgres' ? applications.filter(isRewritten) : [];
  if (rewritten.length === 0) return [];
  return [
    {
      words: `protect.applications: PostgreSQL shows other letters than ASCII in another form: ${listNames(rewritten)}`,
      fix: ['name these applications in ASCII, or protect them by user (protect.users)'],
    },
  ];
}

function clients({ clients }: Protect, engine: EngineName, shown: CheckFacts['shown']): Unmatched[] {
  const hosts = clients.filter(isHostPattern);
  const addresses = clients.filter(isAddressPattern);
  return [
    ...(hosts.length > 0 && (engine === 'postgres' || shown.addresses > 0)
      ? [
          {
            words: `protect.clients: this server shows clients by address: ${listNames(hosts)}`,
            fix: ['write protect.clients as addresses or networks'],
          },
        ]
      : []),
    ...(addresses.length > 0 && shown.hostNames > 0
      ? [
          {
            words: `protect.clients: this server shows clients by host name: ${listNames(addresses)}`,
            fix: ['add the host names of these clients to protect.clients, or protect them by user (protect.users)'],
          },
        ]
      : []),
  ];
}

function administrators(
  { masterUser, exceptAdministrators }: Protect,
  isRds: boolean,
  { administrators }: CheckFacts['shown'],
): Unmatched[] {
  // RDS names the master user of its own instances.
  if (administrators === null || masterUser !== undefined || isRds || exceptAdministrators.includes('*')) return [];
  return [
    {
      words: 'the administrators of RDS: the responder may not see who is one',
      fix: [...administrators.fix, 'or set protect.masterUser'],
    },
  ];
}

/** A session that was never seen at rest is spared then, whatever the policy says. */
function owners({ owners: gap }: CheckFacts['shown']): Unmatched[] {
  return gap === null ? [] : [{ words: `sessions at work: ${gap.without}`, fix: gap.fix }];
}
