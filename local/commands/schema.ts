import { Command } from 'commander';
import { buildJsonSchema } from '../../lib/config/json-schema.ts';
import { printJson } from '../terminal/output.ts';

/** `headroom schema`: what editors check `headroom.yaml` with. */
export function schemaCommand(): Command {
  return new Command('schema').description('print the JSON Schema of headroom.yaml').action(() => {
    printJson(buildJsonSchema());
  });
}
