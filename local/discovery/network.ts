import type { SecurityGroup } from '@aws-sdk/client-ec2';
import type { DBInstance } from '@aws-sdk/client-rds';
import type { Inventory } from '../inventory/inventory.ts';

/** Where the worker of a target is placed, as the configuration has it. */
export interface Network {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly databaseSecurityGroupId?: string;
  readonly manageIngress?: boolean;
}

/** The network of an instance, and what a person should know of it; null where AWS names no VPC or no subnets. */
export function networkOf(
  { securityGroups }: Inventory,
  instance: DBInstance,
): { readonly network: Network; readonly notes: readonly string[] } | null {
  const { VpcId: vpcId, Subnets = [] } = instance.DBSubnetGroup ?? {};
  const subnetIds = Subnets.filter(({ SubnetStatus = 'Active' }) => SubnetStatus === 'Active')
    .flatMap(({ SubnetIdentifier }) => SubnetIdentifier ?? [])
    .sort();
  if (vpcId === undefined || subnetIds.length === 0) return null;
  const ids = (instance.VpcSecurityGroups ?? [])
    .filter(({ Status = 'active' }) => Status === 'active')
    .flatMap(({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? []);
  const port = instance.Endpoint?.Port ?? 0;
  const letsIn = (id: string): boolean => opens(securityGroups.get(id), port);
  const chosen = ids.find(letsIn) ?? ids[0];
  if (chosen === undefined) {
    return { network: { vpcId, subnetIds }, notes: ['It has no security group: let the worker in yourself.'] };
  }
  const isOurs = ownerOf(instance) === (securityGroups.get(chosen)?.OwnerId ?? ownerOf(instance));
  const notes = [
    ids.length > 1 && `It has security groups ${ids.join(', ')}: the rule that lets the worker in goes to ${chosen}.`,
    !isOurs && `Security group ${chosen} is another account's: let the worker in there yourself.`,
  ];
  return {
    network: { vpcId, subnetIds, databaseSecurityGroupId: chosen, manageIngress: isOurs },
    notes: notes.filter((note) => note !== false),
  };
}

/** Whether a group has a rule for clients of that port: the one that is meant for clients, where there are several. */
function opens(group: SecurityGroup | undefined, port: number): boolean {
  return (group?.IpPermissions ?? []).some(
    ({ IpProtocol, FromPort = 0, ToPort = 65_535 }) =>
      (IpProtocol === 'tcp' || IpProtocol === '-1') && FromPort <= port && port <= ToPort,
  );
}

/** The account in an ARN. */
export function ownerOf({ DBInstanceArn = '' }: Pick<DBInstance, 'DBInstanceArn'>): string {
  return DBInstanceArn.split(':')[4] ?? '';
}
