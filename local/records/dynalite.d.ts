declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** A DynamoDB on LevelDB. Without `path` it keeps everything in memory. Times are milliseconds. */
  export default function dynalite(options: { readonly path?: string; readonly createTableMs?: number }): Server;
}
