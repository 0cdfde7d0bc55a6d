import { checkConfig, printDocument, type StreamSpec, streamSpecSchema } from '@pushfleet/config';
import { ApiError, configStateSchema, diagnosticSchema } from '@pushfleet/contract';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ConfigFile } from '../config-file/config-file.ts';
import type { ConfigService } from '../config-file/config-service.ts';
import { configState } from '../config-file/config-state.ts';
import { maskedPlace, maskedSpec } from '../config-file/masked-spec.ts';
import { assertLoaded, type DesiredCache } from '../push/desired-cache.ts';
import type { TargetCheck } from '../push/target-check.ts';
import { apiActor } from './api-actor.ts';
import { problems } from './replies.ts';

export interface ConfigRoutesDeps {
  readonly config: ConfigService;
  readonly cache: DesiredCache;
  readonly targets: TargetCheck;
  /** The file that the configuration comes from, if any. */
  readonly file: () => ConfigFile | undefined;
}

const BODY_LIMIT_BYTES = 10 * 1024 * 1024;

const appliedSchema = z.object({
  streams: z.int().describe('streams changed'),
  pushes: z.int().describe('pushes changed'),
  diagnostics: z.array(diagnosticSchema),
});
const textBody = z.string({ error: 'send the configuration as text/plain' });

export const configRoutes: FastifyPluginAsyncZod<ConfigRoutesDeps> = async (app, { config, cache, targets, file }) => {
  app.get(
    '/config',
    {
      schema: {
        summary: 'The configuration, as text or JSON',
        description:
          'By `Accept`: `text/plain` (the config language) or `application/json`. Secrets are masked unless `reveal=true`.',
        querystring: z.strictObject({ reveal: z.stringbool().default(false) }),
        response: { 200: z.union([z.string(), z.object({ streams: z.array(streamSpecSchema) })]), ...problems },
      },
    },
    async (request, reply) => {
      assertLoaded(cache);
      const specs = request.query.reveal ? config.specs() : config.specs().map(maskedSpec);
      if (prefersJson(request)) return { streams: specs };
      return reply
        .type('text/plain; charset=utf-8')
        .serializer((text: unknown) => text as string)
        .send(printDocument(specs));
    },
  );

  app.put(
    '/config',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        summary: 'Replace the configuration',
        description: 'Only where no config file is set. Objects made by the API or the intake queue stay.',
        consumes: ['text/plain'],
        body: textBody,
        response: { 200: appliedSchema, ...problems },
      },
    },
    async ({ body }) => {
      if (file() !== undefined) {
        throw new ApiError(
          'owned_by_file',
          'The configuration comes from the file of PUSHFLEET_CONFIG: change that file, it is read again at once.',
        );
      }
      assertLoaded(cache);
      const { specs, diagnostics } = checked(body);
      // Whoever has the token is not the operator of the workers' network.
      for (const spec of specs.flatMap(({ pushes = [] }) => pushes)) targets.checkAddress(spec);
      return { ...(await config.apply(specs, apiActor.by)), diagnostics };
    },
  );

  app.get(
    '/config/state',
    {
      schema: {
        summary: 'The config file beside what runs',
        response: { 200: configStateSchema, ...problems },
      },
    },
    async () => {
      assertLoaded(cache);
      return configState(file(), cache, () => config.specs());
    },
  );

  app.post(
    '/config/validate',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        summary: 'Check a configuration without using it',
        consumes: ['text/plain'],
        body: textBody,
        response: { 200: z.object({ valid: z.boolean(), diagnostics: z.array(diagnosticSchema) }), ...problems },
      },
    },
    async ({ body }) => {
      const { document, diagnostics } = checkConfig(body);
      return { valid: document !== undefined, diagnostics };
    },
  );
};

function checked(text: string): { specs: StreamSpec[]; diagnostics: z.infer<typeof diagnosticSchema>[] } {
  const { document, diagnostics } = checkConfig(text);
  if (document === undefined) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const places = errors.map(({ line, column, message, hint }) => ({
      pointer: `#line=${line},${column}`,
      detail: hint === undefined ? message : `${message}; ${hint}`,
    }));
    const first = errors[0]!;
    throw new ApiError('invalid_config', `Line ${first.line}, column ${first.column}: ${first.message}.`, places);
  }
  const specs = document.streams.map(({ spec }) => spec);
  const masked = specs.map(maskedPlace).find((place) => place !== undefined);
  if (masked !== undefined) {
    throw new ApiError('invalid_config', `${masked} is masked: *** stands where its secret was. Write it in full.`);
  }
  return { specs, diagnostics };
}

/** Text is for people: it is what comes without a wish. */
function prefersJson(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? '';
  const json = accept.indexOf('application/json');
  const text = accept.indexOf('text/');
  return json >= 0 && (text < 0 || json < text);
}
