import { Command } from 'commander';
import * as z from 'zod/mini';
import { hasFailures, judgeCheck } from '../../functions/core/check/check.ts';
import type { CheckFinding } from '../../functions/core/check/finding.ts';
import { withCommands } from '../../functions/core/words/commands.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { placeOf } from '../../lib/config/aws-targets.ts';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import { warningsOf } from '../../lib/config/warnings.ts';
import { testChannels, type ChannelFinding } from '../delivery/test-notice.ts';
import { namesOf } from '../../lib/house/names.ts';
import { explainAws } from '../installation/aws-errors.ts';
import type { InstallationFinding } from '../installation/finding.ts';
import { findAwsTargets } from '../options/configured-target.ts';
import { findServer, findServers, type FoundServer } from '../options/found-server.ts';
import { askForCheck } from '../runs/own-worker.ts';
import { EXIT } from '../terminal/exit-status.ts';
import { paint, print, printJson, say } from '../terminal/output.ts';
import { tableOf } from '../terminal/table.ts';

const options = z.object({
  config: z.string(),
  target: z.optional(z.string()),
  aws: z._default(z.boolean(), false),
  notify: z._default(z.boolean(), false),
  json: z._default(z.boolean(), false),
});

/** `headroom doctor`: whether everything is in place, before it is needed. Exit 1 when something is not. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check route, TLS, logins, rights, reserve and limits of a target, with a fix for what is missing')
    .option('--config <file>', 'configuration', 'headroom.yaml')
    .option('--target <id>', 'target; may be left out when there is only one')
    .option('--aws', 'the whole installation on AWS: its stacks, functions, alarms and people, then each target')
    .option('--notify', 'also send a test notice by every channel of the configuration')
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      if (given.aws) await examineInstallation(given);
      else await examineTarget(given);
    });
}

type Given = z.infer<typeof options>;

async function examineTarget(given: Given): Promise<void> {
  const server = await findServer(given, process.env);
  const { config, target, settings } = server;
  for (const warning of warningsOf(config, placeOf(target))) say(`${paint('yellow', 'warning:')} ${warning}`);
  if (placeOf(target) === 'aws') await warnOfLeftovers(config);
  const findings: readonly Finding[] = [
    ...(await findingsOf(server)),
    ...(given.notify ? await testChannels(config.notify, settings.id) : []),
  ];
  const healthy = !hasFailures(findings);
  if (given.json) printJson({ target: settings.id, healthy, findings });
  else printFindings(findings);
  process.exitCode = healthy ? EXIT.ok : EXIT.failedCheck;
}

/** The installation from outside, then every target of it, or the one that is named, by its deployed worker. */
async function examineInstallation(given: Given): Promise<void> {
  const { config, targets } = findAwsTargets(given);
  for (const warning of warningsOf(config, 'aws')) say(`${paint('yellow', 'warning:')} ${warning}`);
  await warnOfLeftovers(config);
  const { checkInstallation } = await import('../installation/check-installation.ts');
  const installation = await checkInstallation(config, targets, Date.now()).catch((error: unknown) => {
    const { region = '', account } = config.installation;
    throw explainAws(error, { region, account });
  });
  const examined = [];
  for (const target of targets) {
    for (const server of await findServers(given, { config, target }))
      examined.push({ target: server.settings.id, ...(await reachServer(server)) });
  }
  const healthy = !hasFailures(installation) && examined.every((each) => each.healthy);
  if (given.json) printJson({ healthy, installation, targets: examined });
  else {
    printFindings(installation);
    for (const { target, error, findings } of examined) {
      print(`\n${target}`);
      if (error === null) printFindings(findings);
      else print(`${SIGN.failed} its worker did not answer: ${error}`);
    }
  }
  process.exitCode = healthy ? EXIT.ok : EXIT.failedCheck;
}

/** A worker that does not answer is a finding about its target, and no reason to leave out the others. */
async function reachServer(server: FoundServer) {
  try {
    const findings = await findingsOf(server);
    return { healthy: !hasFailures(findings), error: null, findings };
  } catch (error) {
    return { healthy: false, error: errorWords(error), findings: [] };
  }
}

async function findingsOf(server: FoundServer): Promise<CheckFinding[]> {
  const { settings } = server;
  const answer = await askForCheck(server, process.env);
  return judgeCheck(answer, settings).map(({ fix, ...finding }) => ({
    ...finding,
    fix: fix === null ? null : withCommands(fix, settings),
  }));
}

/** Nothing else would say that a target which was taken out of the file is still looked after. */
async function warnOfLeftovers(config: HeadroomConfig): Promise<void> {
  const names = namesOf(config.installation.prefix);
  const { findLeftovers } = await import('../installation/leftovers.ts');
  const leftovers = await findLeftovers(config).catch((error: unknown) => {
    say(`${paint('yellow', 'warning:')} not checked for targets that were removed: ${errorWords(error)}`);
    return [];
  });
  for (const id of leftovers) {
    const remove = `aws cloudformation delete-stack --stack-name ${names.targetStack(id)}`;
    say(
      `${paint('yellow', 'warning:')} ${id} is not in the configuration, and its stack is still there; ` +
        `docs/uninstall.md says how to remove it: ${remove} --region ${config.installation.region ?? ''}`,
    );
  }
}

const SIGN = { ok: '✔', warning: '!', failed: '✘', 'not-reached': '·' } as const satisfies Record<
  CheckFinding['status'],
  string
>;
const WIDTH = { detail: 64, least: 40 } as const;

type Finding = CheckFinding | ChannelFinding | InstallationFinding;

/** The table, then the fixes in full and on lines of their own, to be copied. */
function printFindings(findings: readonly Finding[]): void {
  const columns = process.stdout.columns ?? 0;
  const detailWidth = Math.max(WIDTH.least, columns === 0 ? WIDTH.detail : columns - WIDTH.detail);
  const rows = findings.map(({ status, title, detail }) => [SIGN[status], title, detail]);
  print(tableOf(['', 'check', 'found'], rows, [null, null, detailWidth]));
  for (const { status, title, fix } of findings) {
    if (fix !== null) print(`\n${SIGN[status]} ${title}\n  ${fix}`);
  }
}
