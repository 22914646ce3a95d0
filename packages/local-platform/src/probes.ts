/** Questions that tell whether a server answers. Each has its own time limit; an error is a no. */
import { connect } from 'node:net';

const PROBE_TIMEOUT_MS = 2_000;

/** HTTP status of a GET, or 0 when nothing answers in time. */
export async function httpStatus(url: string, timeoutMs = PROBE_TIMEOUT_MS): Promise<number> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

/** Whether a GET is answered by 200. */
export async function answersOk(url: string, timeoutMs = PROBE_TIMEOUT_MS): Promise<boolean> {
  return (await httpStatus(url, timeoutMs)) === 200;
}

/** The JSON of a GET, or undefined when there is none in time. */
export async function getJson<T>(url: string, timeoutMs = PROBE_TIMEOUT_MS): Promise<T | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    return response.ok ? ((await response.json()) as T) : (await response.arrayBuffer(), undefined);
  } catch {
    return undefined;
  }
}

/** Sends `question` on a new connection and waits for an answer that starts with `answer`; with neither, that it connects. */
export function tcpAnswers(port: number, question = '', answer = ''): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    const finish = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => resolve(false));
    socket.once('connect', () => (question ? void socket.write(question) : finish(true)));
    socket.on('data', chunk => {
      received += chunk.toString('latin1');
      if (received.length >= answer.length) finish(received.startsWith(answer));
    });
  });
}

/** Asks until the answer is yes. Returns false when time is up or `stop` says so. */
export async function until(ask: () => Promise<boolean> | boolean, timeoutMs: number, everyMs = 200, stop: () => boolean = () => false): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    if (await ask()) return true;
    if (stop() || Date.now() + everyMs > end) return false;
    await new Promise(resolve => setTimeout(resolve, everyMs));
  }
}
