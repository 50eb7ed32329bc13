import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, loadInstallations, parseConfig, parseInstallations } from '../../../lib/config/config.ts';
import { ConfigInvalid, type ConfigProblem } from '../../../lib/config/problems.ts';

const target = (id: string, region: string, more = '') => `
      - id: ${id}
        instance: ${id}-prod
        resourceId: db-${id.toUpperCase()}ABCDEFGHIJKLMNO
        endpoint: { host: ${id}-prod.c0ffee00beef.${region}.rds.amazonaws.com }
        network: { vpcId: vpc-0a1b2c3d4e5f6${region === 'eu-west-1' ? 'e' : 'f'}001 }
        ${more}`;

const TOP = `
notify: { email: [dba@example.com] }
events: { bus: none }
defaults:
  engine: postgres
  maxConnections: 200
  network: { subnetIds: [subnet-0a1b2c3d4e5f60718] }
  policy: { triggerPercent: 90 }
`;
const EU = `
  - name: eu-prod
    account: '111122223333'
    region: eu-west-1
    targets:${target('orders', 'eu-west-1', 'policy: { reliefPercent: 60 }')}`;
const US = `
  - name: us-prod
    account: '444455556666'
    region: us-east-1
    prefix: rescue
    notify: { email: [us@example.com] }
    defaults: { mode: act, policy: { triggerPercent: 80 } }
    targets:${target('billing', 'us-east-1')}`;
const FLEET = `${TOP}installations:${EU}${US}`;

function problemsOf(text: string): readonly ConfigProblem[] {
  try {
    parseInstallations(text, 'fleet.yaml');
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems;
    throw error;
  }
  throw new Error('the configuration was accepted');
}
const found = (text: string) => problemsOf(text).map(({ path, line, message }) => [path, line, message]);

describe('a file with installations', () => {
  it('is as many configurations, each with what is shared and what it says itself', () => {
    const [eu, us] = parseInstallations(FLEET, 'fleet.yaml');
    expect(eu).toMatchObject({
      name: 'eu-prod',
      installation: { account: '111122223333', region: 'eu-west-1', prefix: 'headroom' },
      notify: { email: ['dba@example.com'] },
      events: { bus: 'none' },
      targets: [{ id: 'orders', mode: 'observe', policy: { triggerPercent: 90, reliefPercent: 60 } }],
    });
    expect(us).toMatchObject({
      name: 'us-prod',
      installation: { account: '444455556666', region: 'us-east-1', prefix: 'rescue' },
      notify: { email: ['us@example.com'] },
      events: { bus: 'none' },
      targets: [{ id: 'billing', mode: 'act', maxConnections: 200, policy: { triggerPercent: 80 } }],
    });
  });

  it('may share account and prefix too', () => {
    const shared = `installation: { account: '111122223333', prefix: shared }${TOP}installations:${EU}`;
    expect(parseConfig(shared, 'fleet.yaml').installation).toMatchObject({ prefix: 'shared', region: 'eu-west-1' });
  });

  it('is refused where one is needed, with the names that there are', () => {
    expect(() => parseConfig(FLEET, 'fleet.yaml')).toThrow(
      'fleet.yaml has several installations: eu-prod, us-prod; name one: fleet.yaml#eu-prod',
    );
  });
});

describe('problems', () => {
  it('are all named at once, at the place where they were written', () => {
    const wrong = FLEET.replace('region: eu-west-1', 'region: Ireland')
      .replace('triggerPercent: 80', 'triggerPercent: 8')
      .replace('triggerPercent: 90', 'triggerPercnt: 90')
      .replace('reliefPercent: 60', 'reliefPercent: 600')
      .replace('prefix: rescue', 'prefx: rescue')
      .replace('us@example.com', 'us');
    const at = Object.fromEntries(problemsOf(wrong).map(({ path, line }) => [path, line]));
    expect(at).toEqual({
      'defaults.policy.triggerPercnt': 8,
      'installations[0].region': 12,
      // Its host is in another region than that.
      'installations[0].targets[0].endpoint.host': 17,
      'installations[0].targets[0].policy.reliefPercent': 19,
      'installations[1].prefx': 23,
      'installations[1].notify.email[0]': 24,
      'installations[1].defaults.policy.triggerPercent': 25,
    });
  });

  it('of fields that are missing name the installation that lacks them', () => {
    const without = FLEET.replace("    account: '444455556666'\n", '').replace('maxConnections: 200', 'mode: observe');
    expect(found(without).map(([path]) => path)).toEqual([
      'installations[0].targets[0].maxConnections',
      'installations[1].account',
      'installations[1].targets[0].maxConnections',
    ]);
  });

  it('of the list itself: names, keys that stand elsewhere, no list at all', () => {
    expect(found(FLEET.replace('us-prod', 'eu-prod'))).toEqual([
      ['installations[1].name', 20, 'is also the name of installations[0]; each needs its own'],
    ]);
    expect(found(FLEET.replace('- name: us-prod\n    acc', '- acc')).map(([path]) => path)).toEqual([
      'installations[1].name',
    ]);
    expect(found(FLEET.replace('us-prod', 'US#1')).map(([path]) => path)).toEqual(['installations[1].name']);
    const elsewhere = found(`targets: []\npolicy: {}${FLEET}`).map(([path, , message]) => [path, message]);
    expect(elsewhere).toEqual([
      ['targets', 'stands within an entry of installations where a file has several'],
      [
        'policy',
        'unknown key; known beside installations: installation, notify, events, encryption, reports, defaults',
      ],
    ]);
    for (const list of ['installations:\n', 'installations: []', 'installations: { name: a }'])
      expect(problemsOf(`${TOP}${list}`)).toHaveLength(1);
  });

  it('between installations: the same names in one place, one server in two, a VPC in two regions', () => {
    const twin = EU.replace('eu-prod', 'eu-two');
    expect(found(`${TOP}installations:${EU}${twin}`)).toEqual([
      [
        'installations[1].prefix',
        20,
        'installation "eu-prod" has the same prefix in the same account and region; give one another prefix',
      ],
      [
        'installations[1].targets[0].instance',
        25,
        'is also looked after by installation "eu-prod": two would act on one server',
      ],
      [
        'installations[1].targets[0].resourceId',
        26,
        'is also looked after by installation "eu-prod": two would act on one server',
      ],
    ]);
    expect(found(FLEET.replace('vpc-0a1b2c3d4e5f6f001', 'vpc-0a1b2c3d4e5f6e001'))).toEqual([
      [
        'installations[1].targets[0].network.vpcId',
        31,
        'is the VPC of installation "eu-prod" in account 111122223333, region eu-west-1; a VPC is in one region of one account',
      ],
    ]);
  });

  it('are none where instances of two regions have one name', () => {
    const same = FLEET.replace('id: billing', 'id: orders')
      .replace('instance: billing-prod', 'instance: orders-prod')
      .replace('host: billing-prod', 'host: orders-prod');
    expect(parseInstallations(same, 'fleet.yaml').map(({ targets }) => targets[0]?.id)).toEqual(['orders', 'orders']);
  });
});

describe('FILE#NAME', () => {
  let folder: string;
  let file: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'headroom-fleet-'));
    file = join(folder, 'fleet.yaml');
    writeFileSync(file, FLEET);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is one installation of a file, which printed commands name so', () => {
    const config = loadConfig(`${file}#us-prod`);
    expect(config).toMatchObject({ name: 'us-prod', commands: { config: `${file}#us-prod`, records: null } });
    expect(loadInstallations(file).map(({ name }) => name)).toEqual(['eu-prod', 'us-prod']);
  });

  it('that there is not is refused with those that there are', () => {
    expect(() => loadConfig(`${file}#mars`)).toThrow(/has no installation "mars"; it has eu-prod, us-prod$/);
    const single = join(folder, 'one.yaml');
    writeFileSync(single, `targets: [{ id: a, engine: mysql, auth: { mode: url, variable: A } }]`);
    expect(() => loadConfig(`${single}#mars`)).toThrow(/it has one, without a name: leave the name out$/);
    expect(() => loadConfig(join(folder, 'none.yaml#mars'))).toThrow(/there is no none.yaml/);
  });

  it('may be the name of a file', () => {
    const odd = join(folder, 'odd#name.yaml');
    writeFileSync(odd, `targets: [{ id: a, engine: mysql, auth: { mode: url, variable: A } }]`);
    expect(loadConfig(odd).targets).toHaveLength(1);
  });
});
