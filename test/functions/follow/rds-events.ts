/**
 * Events of RDS as EventBridge delivers them, in the form that AWS documents: the envelope, and in `detail` the source,
 * its categories, the words, and the tags of the resource.
 */
export function rdsEvent(
  type: 'RDS DB Instance Event' | 'RDS DB Cluster Event' | 'RDS DB Parameter Group Event',
  name: string,
  { id, category, message }: { readonly id: string; readonly category: string; readonly message: string },
): Readonly<Record<string, unknown>> {
  const kinds = { Instance: ['db', 'DB_INSTANCE'], Cluster: ['cluster', 'CLUSTER'], Parameter: ['pg', 'DB_PARAM'] };
  const [resource, sourceType] = kinds[type.split(' ')[2] as keyof typeof kinds];
  const arn = `arn:aws:rds:eu-west-1:123456789012:${resource}:${name}`;
  return {
    version: '0',
    id: '844e2571-85d4-695f-b930-0153b71dcb42',
    'detail-type': type,
    source: 'aws.rds',
    account: '123456789012',
    time: '2026-11-21T03:00:12Z',
    region: 'eu-west-1',
    resources: [arn],
    detail: {
      EventCategories: [category],
      SourceType: sourceType,
      SourceArn: arn,
      Date: '2026-11-21T03:00:12.000Z',
      Message: message,
      SourceIdentifier: name,
      EventID: id,
      Tags: { team: 'shop' },
    },
  };
}

export const FAILED_OVER = {
  id: 'RDS-EVENT-0071',
  category: 'failover',
  message: 'Completed failover to DB instance: shop-2',
};
export const CREATED = { id: 'RDS-EVENT-0005', category: 'creation', message: 'DB instance created' };
export const RESIZED = {
  id: 'RDS-EVENT-0014',
  category: 'configuration change',
  message: 'Finished applying modification to DB instance class',
};
export const PARAMETERS = {
  id: 'RDS-EVENT-0037',
  category: 'configuration change',
  message: 'Updated parameter max_connections to 200 with apply method pending-reboot',
};
