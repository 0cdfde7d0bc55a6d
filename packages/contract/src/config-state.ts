import { z } from 'zod';

export const diagnosticSchema = z
  .object({
    severity: z.enum(['error', 'warning', 'info']),
    code: z.string(),
    message: z.string(),
    line: z.int().describe('from 1'),
    column: z.int().describe('from 1'),
    length: z.int(),
    hint: z.string().optional(),
  })
  .meta({ id: 'Diagnostic' });

/** `GET /api/v1/config/state`: the config file as it is on disk, beside what runs. */
export const configStateSchema = z
  .object({
    source: z.enum(['file', 'api']),
    file: z.string().nullable().describe('path on the scheduler; null when the configuration is set through the API'),
    revision: z.int(),
    text: z.string().describe('of the file, or what a file would say; secrets masked'),
    diagnostics: z.array(diagnosticSchema).describe('their places are those in `text`'),
    in_sync: z.boolean().describe('what runs is what the text says'),
    differences: z.array(
      z.object({
        change: z.enum(['added', 'changed', 'removed']).describe('what the file would do to what runs'),
        object: z.enum(['stream', 'push']),
        stream: z.string(),
        push: z.string().nullable().describe('id, where one is known'),
        running: z.string().nullable().describe('as config text, masked; null: there is none'),
        file: z.string().nullable().describe('as config text, masked; null: there is none'),
      }),
    ),
  })
  .meta({ id: 'ConfigState' });
export type ConfigState = z.infer<typeof configStateSchema>;
