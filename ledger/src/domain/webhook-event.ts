/** An event is one row of the journal, said as the API says it. */
import { renderAnswer, transferJson } from './answers.ts';
import { posts, type PlacedRow } from './model.ts';
import { toPlacedRow, type RowJson } from './rowJson.ts';
import { toIso } from './time.ts';
import { eventTypeOf } from './webhook.ts';

/**
 * The shape that /v1/journal lists and webhooks carry; the same row gives the same bytes for ever.
 * @param id `ev_` and the same 128 bits of time and position as in the ids of transfers: the same in every attempt and on
 *   every server, and another one where a failover gave a lost position away again. Consumers tell repetitions by it.
 */
export function eventJson(id: string, json: RowJson) {
  const row = toPlacedRow(json);
  return {
    id,
    type: eventTypeOf(row.kind),
    createdAt: toIso(row.createdAtUs),
    position: row.position.toString(),
    tenant: row.tenant,
    actor: row.actor,
    requestId: row.requestId,
    idempotencyKey: row.key,
    data: dataOf(row, json['region'] as string, json['format'] as number),
  };
}

/** What moved is told leg by leg (`transactionId` joins them), the rest as it was answered. Throws for a format of a newer version. */
function dataOf(row: PlacedRow, region: string, format: number): unknown {
  return posts(row.kind) ? transferJson(row, region) : JSON.parse(renderAnswer(format, [row], region).body);
}
