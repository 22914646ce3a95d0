/** Which backend gets the next request. Pure. */

/** `ready`: answers /readyz with 200; `alive`: answers, but not ready; `dead`: does not answer. */
export type Health = 'ready' | 'alive' | 'dead';

export type Backend = { region: string; port: number; health: Health };

/**
 * The `turn`-th choice among a region's backends: round robin over the ready ones. When none is
 * ready, over those alive, so that callers see the ledger's own refusal and not one made up here
 * ("fail open"). Undefined when none is alive.
 */
export function chooseBackend(backends: Backend[], region: string, turn: number): Backend | undefined {
  const inRegion = backends.filter(backend => backend.region === region);
  const ready = inRegion.filter(backend => backend.health === 'ready');
  const usable = ready.length > 0 ? ready : inRegion.filter(backend => backend.health === 'alive');
  return usable[turn % usable.length];
}
