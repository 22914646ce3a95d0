/** What a service answers to, from its own listing. */
import type { FastifyInstance } from 'fastify';

export interface Route {
  method: string;
  /** The pattern, such as /v1/accounts/:id. */
  url: string;
}

/** Every method of every path, also those that are only refused with 405. The app must be ready. */
export function routesOf(app: FastifyInstance): Route[] {
  const parts: string[] = [];
  return app.printRoutes({ commonPrefix: false }).split('\n').flatMap(line => {
    const match = /^([│├└─\s]*)(\/\S*)(?: \(([A-Z, -]+)\))?$/.exec(line);
    if (!match) return [];
    const depth = Math.floor(match[1]!.length / 4);
    parts.length = depth;
    parts[depth - 1] = match[2]!;
    const url = parts.slice(0, depth).join('').replace(/\/$/, '');
    return (match[3] ?? '').split(', ').filter(Boolean).map(method => ({ method, url }));
  });
}
