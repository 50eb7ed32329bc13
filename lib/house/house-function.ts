import { RemovalPolicy, Token, type Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  type FunctionProps,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** What runs on this machine leave beside the code; see `local/lambda/compiled-code.ts`. */
const LEFT_BY_RUNS = ['compiled', 'compiling-*'];

interface HouseFunctionProps {
  /** Folder of its code; see `lib/bundles/where.ts`. */
  readonly bundle: string;
  readonly functionName: string;
  readonly description: string;
  readonly timeout: Duration;
  readonly memoryMegabytes: number;
  readonly environment: Readonly<Record<string, string>>;
}

type Others = Omit<FunctionProps, 'code' | 'handler' | 'runtime'>;

/**
 * A Lambda function of Headroom: its own role, its own log group with limited retention, no right but to write its log.
 */
export class HouseFunction extends LambdaFunction {
  readonly #ownRole: Role;

  constructor(scope: Construct, id: string, props: HouseFunctionProps & Others) {
    const { bundle, memoryMegabytes, ...rest } = props;
    const logGroup = new LogGroup(scope, `${id}Log`, {
      logGroupName: `/aws/lambda/${props.functionName}`,
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(scope, `${id}Role`, {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `What ${props.functionName} may do`,
    });
    logGroup.grantWrite(role);
    super(scope, id, {
      code: Code.fromAsset(bundle, { exclude: LEFT_BY_RUNS }),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: memoryMegabytes,
      loggingFormat: LoggingFormat.JSON,
      logGroup,
      role,
      ...rest,
    });
    this.#ownRole = role;
  }

  /** Grants actions; where a resource is a pattern, `reason` says why it has to be. */
  allow(actions: string[], resources: string[], reason?: string): void {
    this.addToRolePolicy(new PolicyStatement({ actions, resources }));
    if (reason === undefined) return;
    for (const resource of resources) acknowledge(this.#ownRole, `IAM5[Resource::${this.#shown(resource)}]`, reason);
  }

  /** As the rules write an ARN of which only a deployment knows a part. */
  #shown(resource: string): string {
    const { partition, region, account } = this.stack;
    const unknown = { '<AWS::Partition>': partition, '<AWS::Region>': region, '<AWS::AccountId>': account };
    return Object.entries(unknown)
      .filter(([, value]) => Token.isUnresolved(value))
      .reduce((text, [name, value]) => text.replaceAll(value, name), resource);
  }
}
