/**
 * Other names for the users and applications of the scenarios, so that nothing depends on one name. Names of tools are
 * replaced by tools of the same kind: what is recognized by its name stays recognizable.
 */
export const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  shop: ['storefront', 'web', 'portal'],
  'shop-web': ['storefront-web', 'portal-frontend', 'www'],
  invoices: ['billing', 'exporter', 'ledger'],
  'invoice-export': ['billing-export', 'ledger-sync', 'pdf-maker'],
  checkout: ['cart', 'basket', 'purchase'],
  'checkout-api': ['cart-service', 'basket-api', 'purchase-flow'],
  orders: ['ordering', 'fulfilment', 'sales'],
  'order-api': ['ordering-api', 'fulfilment-service', 'sales-api'],
  'orders-api': ['ordering-service', 'fulfilment-api', 'sales-service'],
  payments: ['pay', 'acquirer', 'wallet'],
  'payment-worker': ['pay-worker', 'acquirer-client', 'wallet-service'],
  search: ['finder', 'catalogue'],
  'search-api': ['finder-api', 'catalogue-service'],
  accounts: ['profiles', 'members'],
  'accounts-api': ['profile-service', 'member-api'],
  reporting: ['insights', 'statistics'],
  'monthly-report': ['insights-runner', 'kpi-dashboard'],
  ada: ['anna', 'aisha'],
  ben: ['bela', 'bruno'],
  cleo: ['chen', 'carla'],
  support: ['operator', 'oncall'],
  psql: ['DBeaver', 'DataGrip'],
  tableau: ['Metabase', 'Looker'],
  notebook: ['jupyter', 'rstudio'],
  nightly_batch: ['batch_runner', 'etl'],
  'nightly-batch': ['etl-loader', 'cron-import', 'billing-batch'],
  deploy: ['release', 'schema_owner'],
  'Flyway Community Edition': ['Liquibase', 'alembic'],
  pg_dump: ['pgbackrest', 'wal-g'],
  mysqldump: ['mydumper', 'xtrabackup'],
  unknown: ['nobody', 'probe'],
};

/** Innocent sessions beside the scenario. */
export const BYSTANDERS = {
  consoles: ['pgAdmin 4', 'MySQL Workbench', 'Navicat'],
  services: ['mailer', 'loyalty', 'geocoder', 'stocktake'],
} as const;
