export const handler = (payload: unknown): Promise<unknown> => Promise.resolve(payload);
