import { REGION } from '../machine/place.ts';
import { RUN_KEY } from '../machine/run-key.ts';
import { compileCacheIn } from './compiled-code.ts';
import type { FunctionSpec } from './function-spec.ts';

/** Where the services that a function may call live on this machine; each an `http://127.0.0.1:PORT`. */
export interface Endpoints {
  readonly dynamodb: string;
  readonly sns: string;
  /** Lambda, Step Functions and CloudWatch; refuses every other service. */
  readonly aws: string;
}

/**
 * The whole environment of a function process, built from nothing: the function's own variables of the template, what
 * Lambda sets, and settings that lead the AWS SDK to this machine alone. Nothing is inherited from the calling process,
 * except what is `given`.
 */
export function buildFunctionEnvironment(
  spec: FunctionSpec,
  endpoints: Endpoints,
  home: string,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    ...spec.environment,
    ...given,
    HOME: home,
    TMPDIR: home,
    NODE_COMPILE_CACHE: compileCacheIn(home),
    PATH: '/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
    LAMBDA_TASK_ROOT: spec.assetFolder,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ACCESS_KEY_ID: RUN_KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: RUN_KEY.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_ENDPOINT_URL: endpoints.aws,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_SNS: endpoints.sns,
    AWS_ENDPOINT_URL_LAMBDA: endpoints.aws,
    AWS_ENDPOINT_URL_SFN: endpoints.aws,
    AWS_ENDPOINT_URL_CLOUDWATCH: endpoints.aws,
  };
}
