import { XmlShapeSerializer } from '@aws-sdk/core/protocols';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { serveLoopback } from '../../local/machine/loopback-server.ts';

/** A schema of an SDK client: `DescribeDBInstances$`, operation 9 of its model's kinds, output at the end. */
type OperationSchema = readonly unknown[];

/** What a stand-in answers to a request: its fields by name, lists as `Name.1`. Throws Refused. */
export interface Operation {
  readonly schema: OperationSchema;
  readonly answer: (request: ReadonlyMap<string, string>, region: string) => object;
}

/** As AWS refuses a request. */
export class Refused extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export interface QueryStandIn {
  readonly url: string;
  /** Names of the operations that were called, in order. */
  readonly calls: readonly string[];
  stop(): Promise<void>;
}

/**
 * A stand-in for services of the Query protocols (RDS, EC2, CloudFormation, IAM, SNS): it says what a test tells it, as
 * the SDK's own schemas write it in XML. It decides nothing and knows no rule of the services. `others` answers what is
 * of another protocol.
 */
export async function serveQuery(
  operations: Readonly<Record<string, Operation>>,
  others: (request: Request) => Promise<Response> = () => Promise.reject(new Error('no stand-in for this')),
): Promise<QueryStandIn> {
  const calls: string[] = [];
  const answer = async (request: Request): Promise<Response> => {
    const body = await request.clone().text();
    const fields = new Map(new URLSearchParams(body));
    const action = fields.get('Action');
    if (action === undefined) return others(request);
    const [, region = '', service = ''] =
      /\/\d{8}\/([^/]+)\/([^/]+)\//.exec(request.headers.get('authorization') ?? '') ?? [];
    calls.push(action);
    try {
      const operation = operations[action];
      if (operation === undefined) throw new Refused('InvalidAction', `${action} is not among what this stands in for`);
      return new Response(answerXml(action, operation.schema, operation.answer(fields, region), service));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return new Response(errorXml(error, service), { status: error.status });
    }
  };
  const server = createServer((incoming, outgoing) => {
    void requestOf(incoming)
      .then(answer)
      .then(async (response) => {
        outgoing.writeHead(response.status, Object.fromEntries(response.headers));
        outgoing.end(Buffer.from(await response.arrayBuffer()));
      });
  });
  return { calls, ...(await serveLoopback(server)) };
}

async function requestOf(incoming: IncomingMessage): Promise<Request> {
  const { method = 'GET', url = '/' } = incoming;
  const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
  const body = method === 'GET' ? null : await buffer(incoming);
  return new Request(new URL(url, 'http://127.0.0.1'), { method, headers, body });
}

function answerXml(action: string, schema: OperationSchema, output: object, service: string): string {
  const serializer = new XmlShapeSerializer({
    timestampFormat: { useTrait: true, default: 5 },
    httpBindings: false,
    xmlNamespace: '',
    serviceNamespace: '',
  });
  serializer.write((schema[5] as () => never)(), output);
  // The outermost element is that of the operation.
  const fields = String(serializer.flush()).replace(/^<[^>]*\/>$|^<[^>]*>|<\/[^>]*>$/g, '');
  const result = service === 'ec2' ? fields : `<${action}Result>${fields}</${action}Result>`;
  return `<${action}Response>${result}</${action}Response>`;
}

function errorXml({ code, message }: Refused, service: string): string {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  return service === 'ec2'
    ? `<Response><Errors>${error}</Errors></Response>`
    : `<ErrorResponse>${error}</ErrorResponse>`;
}

/** One page of a list, with the token of the next in the field that the operation has for it. */
export function page<T>(
  all: readonly T[],
  size: number,
  token: string | undefined,
): { page: readonly T[]; next?: string } {
  const from = Number(token ?? 0);
  const to = from + size;
  return { page: all.slice(from, to), ...(to < all.length ? { next: String(to) } : {}) };
}
