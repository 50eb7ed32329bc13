/** The command cannot be carried out as it was written. Shown without a stack; exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
