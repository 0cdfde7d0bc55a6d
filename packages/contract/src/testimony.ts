import { z } from 'zod';

/** What a worker tells another one that asks who it is and what it knows of Redis. */
export const testimonySchema = z.object({
  worker: z.string().describe('WorkerRecord.id'),
  seesRedis: z.boolean().describe('Redis answers it now, and did all the time'),
  silentMs: z.number().describe('for so long it has watched Redis not answer; 0 when it stood still meanwhile'),
});

export type Testimony = z.infer<typeof testimonySchema>;
