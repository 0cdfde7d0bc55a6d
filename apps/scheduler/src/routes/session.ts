import { loginSchema, whoamiSchema } from '@pushfleet/contract';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Auth } from '../plugins/auth.ts';
import { problems } from './replies.ts';

export interface SessionRoutesDeps {
  readonly auth: Auth;
  readonly version: string;
}

const isPublic = { isPublic: true };

/** Logging in and out, for browsers: programs send the token with each request. */
export const sessionRoutes: FastifyPluginAsyncZod<SessionRoutesDeps> = async (app, { auth, version }) => {
  app.post(
    '/session',
    {
      config: isPublic,
      schema: {
        summary: 'Log in: a cookie for the token',
        body: loginSchema,
        response: { 204: z.null(), ...problems },
      },
    },
    async (request, reply) => {
      auth.login(request, reply, request.body.token);
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/session',
    { config: isPublic, schema: { summary: 'Log out', response: { 204: z.null(), ...problems } } },
    async (request, reply) => {
      auth.logout(request, reply);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/whoami',
    {
      config: isPublic,
      schema: { summary: 'Whether this browser is logged in', response: { 200: whoamiSchema, ...problems } },
    },
    async (request, reply) => {
      const session = auth.session(request);
      reply.header('cache-control', 'no-store');
      return {
        login_required: auth.isTokenNeeded,
        logged_in: auth.refusal(request) === undefined,
        version,
        session_expires_at: session === undefined ? null : new Date(session.until * 1_000).toISOString(),
      };
    },
  );
};
