/**
 * The link between the regions: `node link.ts <platform.json>`. Forwards each region's link port to the
 * other region's replication port, with a latency each way; it can stall (hold bytes) and be cut.
 * Control: GET /v1/link, PUT /v1/link {latencyMs?, stalled?, cut?} with the platform's bearer token.
 */
import type { PlatformConfig } from './config.ts';
import { hasBearer, HttpError, listen, readJsonObject, router, sendJson, sendText } from './http-kit.ts';
import { openLink, readLinkChange } from './link-proxy.ts';
import { runProgram } from './program-kit.ts';

await runProgram<PlatformConfig>('link', async (config, log) => {
  const link = await openLink(
    config.regions.map(region => ({ listenPort: region.linkPort, targetPort: region.haproxy.replicationPort })),
    config.sizes.linkLatencyMs,
  );
  const control = await listen('link', config.ports.linkControl, router([
    { method: 'GET', pattern: '/livez', handle: ({ response }) => sendText(response, 200, 'text/plain', 'ok\n') },
    { method: 'GET', pattern: '/metrics', handle: ({ response }) => sendText(response, 200, 'text/plain; version=0.0.4', metrics(link.state())) },
    { method: 'GET', pattern: '/v1/link', handle: ({ response }) => sendJson(response, 200, link.state()) },
    {
      method: 'PUT',
      pattern: '/v1/link',
      handle: async ({ request, response }) => {
        if (!hasBearer(request, config.secrets.controlToken)) throw new HttpError(401, 'unauthorized', 'changing the link needs the control token');
        let change;
        try {
          change = readLinkChange(await readJsonObject(request));
        } catch (error) {
          if (error instanceof HttpError) throw error;
          throw new HttpError(400, 'bad-link-state', (error as Error).message);
        }
        link.change(change);
        log('link changed', { ...link.state() });
        sendJson(response, 200, link.state());
      },
    },
  ]));
  return async () => {
    link.close();
    await control.close();
  };
});

function metrics(state: { latencyMs: number; stalled: boolean; cut: boolean; bytes: number; connections: number }): string {
  const line = (name: string, type: string, help: string, value: number) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`;
  return line('link_forwarded_bytes_total', 'counter', 'Bytes carried between the regions, both ways.', state.bytes)
    + line('link_connections', 'gauge', 'Connections open through the link.', state.connections)
    + line('link_latency_seconds', 'gauge', 'Added one way.', state.latencyMs / 1000)
    + line('link_stalled', 'gauge', '1 while bytes are held.', Number(state.stalled))
    + line('link_cut', 'gauge', '1 while the link is cut.', Number(state.cut));
}
