import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consumerOf, foldName, poolOf } from '../../../../functions/core/server/consumer.ts';
import { aSession } from '../../../support/a-session.ts';

/** A name as a server shows it, and as a person reads it. */
const NAMES: Readonly<Record<string, string>> = {
  // What people call things.
  web: 'web',
  'order-service': 'order-service',
  OrderService: 'OrderService',
  'checkout-api-v2': 'checkout-api-v#',
  'PostgreSQL JDBC Driver': 'PostgreSQL JDBC Driver',
  reporting_batch: 'reporting_batch',
  'kubernetes-dashboard': 'kubernetes-dashboard',
  'Microsoft.Extensions.Http': 'Microsoft.Extensions.Http',
  MicrosoftSQLServerJDBCDriver: 'MicrosoftSQLServerJDBCDriver',
  'DBeaver 24.1.0 - Main <orders>': 'DBeaver # - Main <orders>',
  'pgAdmin 4 - DB:postgres': 'pgAdmin # - DB:postgres',
  'rechtsschutz-worker': 'rechtsschutz-worker',
  'backup-cafe2024': 'backup-cafe#',
  'proxy-https': 'proxy-https',
  'spring-data-r2dbc': 'spring-data-r#dbc',
  'oauth2s3proxy-client': 'oauth#s#proxy-client',
  log4j2appender: 'log#j#appender',
  OrderServiceV2Api: 'OrderServiceV#Api',
  WorkflowEngineCore: 'WorkflowEngineCore',
  '@acme/orders': '@acme/orders',
  'Größenrechner-süd': 'Größenrechner-süd',
  '注文サービス-3': '注文サービス-#',
  '': '',

  // A number for each process.
  'web-1': 'web-#',
  'db-0': 'db-#',
  'app-10.0.3.7': 'app-#',
  'app:1234@host-7': 'app:#',
  'app:1234': 'app:#',
  'app@ip-10-0-3-7.eu-west-1.compute.internal': 'app@#',
  'puma: cluster worker 3: 4711 [shop]': 'puma: cluster worker #: # [shop]',

  // Ids.
  'worker-550e8400-e29b-41d4-a716-446655440000': 'worker-#',
  'worker 550E8400-E29B-41D4-A716-446655440000 (eu)': 'worker # (eu)',
  '3f2a9c1b7d4e': '#',
  'job-12ab34cd': 'job-#',
  'obj 0x7f3a9c10': 'obj #',
  'svc-q7r2m9x4k1': 'svc-#',
  'lambda-kqzpwvxjhgtd': 'lambda-#',
  fn_kQzPwLmNbVcX: 'fn_#',

  // Kubernetes.
  'order-service-7d4b9c6f5d-x7k2p': 'order-service-#',
  'order-service-6bdfcb7c9-zxcvb': 'order-service-#',
  'nightly-report-28374650-qwrtz': 'nightly-report-#',
  'fluent-bit-x7k2p': 'fluent-bit-#',
  'order-service-7d4b9c6f5d-x7k2p (ro)': 'order-service-# (ro)',

  // Users.
  tenant_1234: 'tenant_#',
  'v-token-app-x8Fk2mPqRsTuVwXyZ012-1700000000': 'v-token-app-#',
  'v-token-app-x8Fk2mPqRsTuVwX': 'v-token-app-#',
  'anna@example.com': 'anna@#',
};

describe('the name of a consumer', () => {
  it.each(Object.entries(NAMES))('%s is %s', (name, folded) => {
    expect(foldName(name)).toBe(folded);
  });

  it('is user and application, both folded', () => {
    const session = aSession(1, { user: 'tenant_17', application: 'web-3' });
    expect(consumerOf(session)).toBe('tenant_#/web-#');
    expect(poolOf(session)).toBe('tenant_#/web-#@shop');
  });

  it('is told by the address of the client where the application has none', () => {
    const named = (application: string, client: string | null) => consumerOf(aSession(1, { application, client }));
    expect(named('', '10.0.3.7')).toBe('app/@10.0.3.7');
    expect(named(' ', '10.0.3.7')).toBe('app/@10.0.3.7');
    expect(named('', null)).toBe('app/');
    expect(named('web', '10.0.3.7')).toBe('app/web');
  });

  it('is one for most processes of one name, whatever kind of random text tells these apart', () => {
    const ids = {
      hex: '0123456789abcdef',
      letters: 'abcdefghijklmnopqrstuvwxyz',
      both: 'abcdefghijklmnopqrstuvwxyz0123456789',
    };
    for (const [kind, alphabet] of Object.entries(ids)) {
      const token = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 10, maxLength: 10 });
      const folded = fc.sample(token, { numRuns: 1_000, seed: 1 }).map((id) => foldName(`web-${id}`));
      expect(folded.filter((name) => name === 'web-#').length, kind).toBeGreaterThan(750);
    }
  });
});

describe('folding', () => {
  const part = fc.oneof(
    fc.constantFrom(...Object.keys(NAMES), '-', '@', ':', '#', '0x', 'v-'),
    fc.string({ unit: 'binary' }),
  );
  const text = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''));

  it('twice is folding once', () => {
    fc.assert(
      fc.property(text, (name) => {
        expect(foldName(foldName(name))).toBe(foldName(name));
      }),
      { numRuns: 2_000 },
    );
  });

  it('never makes a name longer, nor half a character of a whole one', () => {
    fc.assert(
      fc.property(text, (name) => {
        expect(foldName(name).length).toBeLessThanOrEqual(name.length);
        expect(foldName(name).isWellFormed()).toBe(true);
      }),
    );
  });

  it('looks at the beginning of a name of megabytes only', () => {
    for (const piece of ['a1', 'a@', '-', '#-', 'v-', '😀']) {
      const folded = foldName(`web-${piece.repeat(2_000_000)}`);
      expect(folded.length).toBeLessThanOrEqual(256);
      expect(folded).toBe(foldName(`web-${piece.repeat(1_000)}`));
      expect(folded.isWellFormed()).toBe(true);
    }
  });
});
