/** TCP forwarding with a latency, a stall and a cut: the part of the link that carries bytes. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface LinkState {
  /** Added to every byte, one way, milliseconds. */
  latencyMs: number;
  /** Bytes are held and delivered, in order, when the stall ends. */
  stalled: boolean;
  /** Connections are closed and new ones refused. */
  cut: boolean;
  /** Forwarded so far, both ways. */
  bytes: number;
  connections: number;
}

export type LinkChange = Partial<Pick<LinkState, 'latencyMs' | 'stalled' | 'cut'>>;

export interface Link {
  state: () => LinkState;
  change: (change: LinkChange) => void;
  close: () => void;
}

const MAX_LATENCY_MS = 10_000;
/** Held bytes per direction and connection; beyond this the sender is made to wait, as a full TCP window would. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

/** Validates a change from outside. @throws Error in one sentence */
export function readLinkChange(body: Record<string, unknown>): LinkChange {
  const unknown = Object.keys(body).filter(key => !['latencyMs', 'stalled', 'cut'].includes(key));
  if (unknown.length > 0) throw new Error(`unknown field: ${unknown.join(', ')}; known are latencyMs, stalled, cut`);
  const { latencyMs, stalled, cut } = body;
  if (latencyMs !== undefined && !(typeof latencyMs === 'number' && latencyMs >= 0 && latencyMs <= MAX_LATENCY_MS)) {
    throw new Error(`latencyMs must be a number from 0 to ${MAX_LATENCY_MS}`);
  }
  for (const [name, value] of Object.entries({ stalled, cut })) {
    if (value !== undefined && typeof value !== 'boolean') throw new Error(`${name} must be true or false`);
  }
  return body as LinkChange;
}

/** Opens every pair. @throws Error naming a port that is taken */
export async function openLink(pairs: { listenPort: number; targetPort: number }[], latencyMs: number): Promise<Link> {
  const state = { latencyMs, stalled: false, cut: false, bytes: 0 };
  const sockets = new Set<Socket>();
  const wakeups = new Set<() => void>();
  const servers = await Promise.all(pairs.map(pair => accept(pair.listenPort, client => {
    if (state.cut) return void client.destroy();
    const target = connect(pair.targetPort, '127.0.0.1');
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => sockets.delete(socket));
    }
    forward(client, target, state, wakeups);
    forward(target, client, state, wakeups);
  })));
  return {
    state: () => ({ ...state, connections: sockets.size / 2 }),
    change: change => {
      Object.assign(state, change);
      if (state.cut) for (const socket of sockets) socket.destroy();
      for (const wake of wakeups) wake();
    },
    close: () => {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Delivers what `from` sends to `to`, each chunk not before its time, in order. */
function forward(from: Socket, to: Socket, state: { latencyMs: number; stalled: boolean; bytes: number }, wakeups: Set<() => void>): void {
  const held: { chunk: Buffer; dueAt: number }[] = [];
  let heldBytes = 0;
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  const deliver = () => {
    clearTimeout(timer);
    timer = undefined;
    while (!state.stalled && held.length > 0 && held[0]!.dueAt <= performance.now() && !to.writableNeedDrain) {
      const { chunk } = held.shift()!;
      heldBytes -= chunk.length;
      state.bytes += chunk.length;
      to.write(chunk);
    }
    if (heldBytes < MAX_HELD_BYTES / 2 && from.isPaused()) from.resume();
    if (held.length === 0 && ended) to.destroy();
    else if (held.length > 0 && !state.stalled && !to.writableNeedDrain) timer = setTimeout(deliver, Math.max(1, held[0]!.dueAt - performance.now()));
  };
  from.on('data', (chunk: Buffer) => {
    held.push({ chunk, dueAt: performance.now() + state.latencyMs });
    heldBytes += chunk.length;
    if (heldBytes >= MAX_HELD_BYTES) from.pause();
    if (!timer) deliver();
  });
  to.on('drain', deliver);
  // What was sent before the end still arrives.
  from.once('close', () => {
    ended = true;
    deliver();
  });
  to.once('close', () => {
    clearTimeout(timer);
    wakeups.delete(deliver);
    from.destroy();
  });
  wakeups.add(deliver);
}

function accept(port: number, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onConnection);
  server.maxConnections = 200;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new Error(error.code === 'EADDRINUSE' ? `port ${port} is taken by another program` : error.message)));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
