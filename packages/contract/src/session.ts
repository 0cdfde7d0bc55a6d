import { z } from 'zod';

/** Body of `POST /api/v1/session`: answered with 204 and a cookie, 401 or 429. */
export const loginSchema = z.strictObject({ token: z.string().min(1).max(4_096) }).meta({ id: 'Login' });

/** `GET /api/v1/whoami`: also answers those who are not logged in. */
export const whoamiSchema = z
  .object({
    login_required: z.boolean().describe('a token is set'),
    logged_in: z.boolean().describe('this request may read and change things'),
    version: z.string(),
    session_expires_at: z.string().nullable().describe('null when no session is used'),
  })
  .meta({ id: 'Whoami' });
export type Whoami = z.infer<typeof whoamiSchema>;
