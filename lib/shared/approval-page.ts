import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  HttpMethod,
  HttpStage,
  LogGroupLogDestination,
  PayloadFormatVersion,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from '../house/acknowledge.ts';
import type { Names } from '../house/names.ts';
import type { ControlFunction } from './control-function.ts';

/** People answer a question in a minute; a client that sends more than this is not a person. */
const THROTTLE = { rateLimit: 5, burstLimit: 20 } as const;

/** Who, when and with what result. Never the query: a link's secret is in it. */
const LOGGED = JSON.stringify({
  requestId: '$context.requestId',
  at: '$context.requestTimeEpoch',
  ip: '$context.identity.sourceIp',
  route: '$context.routeKey',
  status: '$context.status',
  error: '$context.error.message',
});

/** The page where people answer questions: one HTTP API in front of the function `decide`. */
export class ApprovalPage extends Construct {
  /** Without a query. */
  readonly url: string;
  readonly #api: HttpApi;

  constructor(scope: Construct, id: string, { names }: { readonly names: Names }) {
    super(scope, id);
    this.#api = new HttpApi(this, 'Api', {
      apiName: names.page,
      description: 'Headroom: where people answer its questions',
      createDefaultStage: false,
    });
    const log = new LogGroup(this, 'Log', {
      logGroupName: `/aws/vendedlogs/apigateway/${names.page}`,
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new HttpStage(this, 'Stage', {
      httpApi: this.#api,
      stageName: '$default',
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: { destination: new LogGroupLogDestination(log), format: AccessLogFormat.custom(LOGGED) },
    });
    this.url = `${this.#api.apiEndpoint}/`;
  }

  /** Lets the function answer: GET shows, POST decides, every other route does not exist. */
  serveWith(decide: ControlFunction): void {
    const integration = new HttpLambdaIntegration('Decide', decide, {
      payloadFormatVersion: PayloadFormatVersion.VERSION_2_0,
    });
    for (const route of this.#api.addRoutes({ path: '/', methods: [HttpMethod.GET, HttpMethod.POST], integration })) {
      acknowledge(
        route,
        'APIG4',
        'A person who is asked at night has a phone and a link, no AWS credentials: the secret in the link is the authorization, 256 bits, good for one answer and some minutes.',
      );
    }
  }
}
