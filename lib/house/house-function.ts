import { RemovalPolicy, Token, type Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import {
  LogLevel,
  NodejsFunction,
  OutputFormat,
  type BundlingOptions,
  type ICommandHooks,
  type NodejsFunctionProps,
} from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { join } from 'node:path';
import { acknowledge } from './acknowledge.ts';
import { builtBundle, type BundleFiles } from './built-bundle.ts';
import { PACKAGE_ROOT } from './package.ts';

/** ESM with everything in it: the SDK too, so that what was tested is what runs. */
const BUNDLING: BundlingOptions = {
  format: OutputFormat.ESM,
  target: 'node24',
  minify: true,
  logLevel: LogLevel.WARNING,
  mainFields: ['module', 'main'],
  // Packages in CommonJS call require, which a module does not have by itself.
  banner: "import{createRequire}from'module';const require=createRequire(import.meta.url);",
  // An optional binding of the PostgreSQL driver that is not installed. Naming it keeps the SDK from being left out.
  externalModules: ['pg-native'],
};

/** Context: see BuildOptions.sources. */
export const SOURCES_CONTEXT = 'headroom:sources';

interface HouseFunctionProps {
  /** Folder of the function below `functions/`. */
  readonly folder: string;
  readonly functionName: string;
  readonly description: string;
  readonly timeout: Duration;
  readonly memoryMegabytes: number;
  readonly environment: Readonly<Record<string, string>>;
  /** What its bundle holds beside the code. */
  readonly files?: BundleFiles;
}

/**
 * A Lambda function of Headroom: its own role, its own log group with limited retention, no right but to write its log.
 */
export class HouseFunction extends NodejsFunction {
  readonly #ownRole: Role;

  constructor(scope: Construct, id: string, props: HouseFunctionProps & NodejsFunctionProps) {
    const { folder, memoryMegabytes, files = {}, ...rest } = props;
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
      ...codeOf(scope, folder, files),
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

type CodeProps = Pick<
  NodejsFunctionProps,
  'code' | 'handler' | 'entry' | 'projectRoot' | 'depsLockFilePath' | 'bundling'
>;

function codeOf(scope: Construct, folder: string, files: BundleFiles): CodeProps {
  const code = builtBundle(folder, files);
  if (code !== undefined) return { code, handler: 'index.handler' };
  const isPlain = Object.keys(files).length === 0;
  return {
    entry: join(PACKAGE_ROOT, 'functions', folder, 'handler.ts'),
    projectRoot: PACKAGE_ROOT,
    depsLockFilePath: join(PACKAGE_ROOT, 'package-lock.json'),
    bundling: { ...BUNDLING, ...(isPlain ? reusable(scope, folder) : { commandHooks: addToBundle(files) }) },
  };
}

/** The CDK reuses a bundle whose hash it knows in advance; otherwise it hashes the output. */
function reusable(scope: Construct, folder: string): BundlingOptions {
  const sources: unknown = scope.node.tryGetContext(SOURCES_CONTEXT);
  return typeof sources === 'string' ? { assetHash: `${sources} ${folder}` } : {};
}

/** Written by commands, because bundling may run on another file system than this process does. */
function addToBundle(files: BundleFiles): ICommandHooks {
  return {
    beforeBundling: () => [],
    beforeInstall: () => [],
    afterBundling: (_inputDir, outputDir) =>
      Object.entries(files).map(([name, content]) => {
        const encoded = Buffer.from(content).toString('base64');
        return `node -e "fs.writeFileSync(process.argv[1], Buffer.from(process.argv[2], 'base64'))" "${outputDir}/${name}" ${encoded}`;
      }),
  };
}
