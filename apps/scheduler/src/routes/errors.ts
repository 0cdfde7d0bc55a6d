import { type ErrorGroup, errorCodesSchema, errorGroupsSchema } from '@pushfleet/contract';
import { type PublishErrorCode, publishErrors } from '@pushfleet/protocols';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { hostOfPush } from '../push/derived.ts';
import { throwUnavailable } from '../redis/unavailable.ts';
import type { ErrorLog } from '../status/error-log.ts';
import type { FleetStatus } from '../status/fleet-status.ts';
import { problems } from './replies.ts';

export interface ErrorRoutesDeps {
  readonly errors: ErrorLog;
  readonly fleetStatus: FleetStatus;
}

const MAX_IDS = 100;

/** What fails in the fleet, and the table that says what to do about it. */
export const errorRoutes: FastifyPluginAsyncZod<ErrorRoutesDeps> = async (app, { errors, fleetStatus }) => {
  app.get(
    '/errors',
    {
      schema: {
        summary: 'What fails, by cause and target host',
        description: 'From the events that are kept, and from the pushes that are in `retry` or `error` now.',
        response: { 200: errorGroupsSchema, ...problems },
      },
    },
    async () => {
      const logged = await errors.kinds().catch(throwUnavailable);
      const groups = new Map<string, ErrorGroup>();
      for (const { code, host, attempts, firstSeen, lastSeen, lastMessage } of logged) {
        groups.set(`${code} ${host}`, {
          ...describe(code),
          host,
          affected: 0,
          pushes: [],
          attempts,
          first_seen: firstSeen,
          last_seen: lastSeen,
          last_message: lastMessage,
        });
      }
      for (const { push, code, message, at } of await affected()) {
        const host = hostOfPush(push);
        const key = `${code} ${host}`;
        // Its event may be gone, or not written yet.
        const fresh = { ...describe(code), host, affected: 0, pushes: [], attempts: 1 };
        const group = groups.get(key) ?? { ...fresh, first_seen: at, last_seen: at, last_message: message };
        group.affected++;
        if (group.pushes.length < MAX_IDS) group.pushes.push(push.id);
        groups.set(key, group);
      }
      const list = [...groups.values()];
      return { errors: list.sort((a, b) => b.affected - a.affected || (a.last_seen < b.last_seen ? 1 : -1)) };
    },
  );

  app.get(
    '/error-codes',
    {
      schema: {
        summary: 'Every way an attempt can fail, and what to do about it',
        response: { 200: errorCodesSchema },
      },
    },
    (_request, reply) => {
      reply.header('cache-control', 'private, max-age=3600');
      return { codes: Object.entries(publishErrors).map(([code, entry]) => ({ code, ...entry })) };
    },
  );

  /** The pushes that fail now, each with its error. */
  async function affected() {
    const { pushes, snapshot } = await fleetStatus.list();
    return pushes.flatMap(({ push, status }) => {
      const error = snapshot.reports.get(push.id)?.last_error ?? push.error;
      return (status === 'retry' || status === 'error') && error ? [{ push, ...error }] : [];
    });
  }
};

function describe(code: string): Pick<ErrorGroup, 'code' | 'fault' | 'title' | 'remedy'> {
  if (!Object.hasOwn(publishErrors, code)) return { code, fault: null, title: '', remedy: '' };
  const { fault, title, remedy } = publishErrors[code as PublishErrorCode];
  return { code, fault, title, remedy };
}
