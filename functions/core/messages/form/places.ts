import * as z from 'zod/mini';
import type { Links, Message } from '../message.ts';
import { addLinks } from './build.ts';

/** Where an installation keeps what its messages link to. */
export const linkPlaces = z.object({
  /** ARN of the workflow on AWS: its executions have the names of incidents. */
  workflow: z.optional(z.string()),
  /** Name of the dashboard in CloudWatch, where that workflow is. */
  dashboard: z.optional(z.string()),
  /** URL of the page that a watch serves, in place of a dashboard. */
  page: z.optional(z.string()),
  /** URL of what people have written for themselves. */
  runbook: z.optional(z.string()),
});
export type LinkPlaces = z.infer<typeof linkPlaces>;

/**
 * Hosts of the console by partition. The paths below are those that the console itself shows; nobody publishes them as
 * an interface.
 */
const CONSOLES: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};
const WORKFLOW = /^arn:([a-z-]+):states:([a-z0-9-]+):\d{12}:stateMachine:[\w-]+$/;

/** A message with the links that all messages of an installation have, beside its own. */
export function linkPlacesTo(message: Message, { workflow = '', dashboard, page, runbook }: LinkPlaces): Message {
  const [, partition = '', region = ''] = WORKFLOW.exec(workflow) ?? [];
  const host = CONSOLES[partition];
  const inConsole = (service: string, place: string): string | undefined =>
    host && `https://${region}.${host}/${service}/home?region=${region}#${place}`;
  const executionArn = `${workflow.replace(':stateMachine:', ':execution:')}:${message.attributes.incidentId}`;
  return addLinks(
    message,
    present({
      console: hasExecution(message) ? inConsole('states', `/v2/executions/details/${executionArn}`) : undefined,
      dashboard: dashboard === undefined ? page : inConsole('cloudwatch', `dashboards/dashboard/${dashboard}`),
      runbook,
    }),
  );
}

/** A person's call ends sessions without a workflow. */
function hasExecution({ attributes, json }: Message): boolean {
  return attributes.incidentId !== '' && json['call'] == null;
}

function present(links: { readonly [Name in keyof Links]: string | undefined }): Links {
  return Object.fromEntries(Object.entries(links).filter(([, url]) => url !== undefined));
}
