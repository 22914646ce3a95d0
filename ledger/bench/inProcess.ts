/** The ledger inside the load's own process: the use case, with everything behind it; only HTTP is left out. */
import { randomUUID } from 'node:crypto';
import { readConfig } from '../src/domain/config.ts';
import { buildService } from '../src/service.ts';
import type { Payment } from './baseline/function.ts';
import type { Target } from './drive.ts';
import { environment, tenant } from './ours.ts';

export async function open(options: { url: string }): Promise<Target> {
  const { ledger, close } = buildService(readConfig(environment(options.url, 0)), { write: line => void process.stderr.write(line) });
  return {
    async pay({ key, ...fields }: Payment): Promise<{ replayed: boolean }> {
      const postings = [{ ...fields, description: null, metadata: {}, effectiveAtUs: null }];
      const answer = await ledger.run('POST /v1/transfers', { kind: 'transfer', postings }, { tenant, actor: 'bench', key, requestId: randomUUID() });
      if (answer.status !== 201) throw new Error(`the ledger answered ${answer.status} ${answer.body}`);
      return answer;
    },
    close,
  };
}
