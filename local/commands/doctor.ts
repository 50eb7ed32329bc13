import { Command } from 'commander';
import * as z from 'zod/mini';
import { examine } from '../doctor/examine.ts';
import type { DoctorFinding } from '../doctor/finding.ts';
import { findLocalTarget } from './configured-target.ts';
import { EXIT } from './exit-status.ts';
import { print, printJson } from './output.ts';

const options = z.object({
  config: z.string(),
  target: z.optional(z.string()),
  json: z._default(z.boolean(), false),
});

/** `headroom doctor`: whether everything is in place, before it is needed. Exit 1 when something is not. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check route, TLS, logins, rights and reserve of a target, with a fix for what is missing')
    .option('--config <file>', 'configuration', 'headroom.yaml')
    .option('--target <id>', 'target; may be left out when there is only one')
    .option('--json', 'one JSON document on standard output')
    .action(async (raw: unknown) => {
      const given = options.parse(raw);
      const { config, target } = findLocalTarget(given.config, given.target, process.env);
      const findings = await examine(config, target, process.env);
      const isHealthy = findings.every(({ status }) => status !== 'failed');
      if (given.json) printJson({ target: target.id, healthy: isHealthy, findings });
      else for (const finding of findings) printFinding(finding);
      process.exitCode = isHealthy ? EXIT.ok : EXIT.failedCheck;
    });
}

const SIGN = { ok: '✔', warning: '!', failed: '✘', unknown: '?' } as const satisfies Record<
  DoctorFinding['status'],
  string
>;

function printFinding({ check, status, found, fix }: DoctorFinding): void {
  print(`${SIGN[status]} ${check.padEnd(20)} ${found}`);
  if (fix !== null) print(`${' '.repeat(23)}→ ${fix}`);
}
