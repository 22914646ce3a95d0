/** Smart HTTP (clone, fetch, push) through git's own `git http-backend`, run as a CGI program. */
import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gitEnvironment } from './git-host-environment.ts';

export const PUSH_MAX_BYTES = 64 * 1024 * 1024;
export const PROCESSES_MAX = 16;
const PROCESS_TIMEOUT_MS = 60_000;
const HEADER_MAX_BYTES = 16 * 1024;

let running = 0;

/**
 * Answers one smart-HTTP request.
 * @param pathInfo `/<owner>/<name>.git/<service>`, already checked
 * @param user who pushes; undefined means read only, git http-backend then refuses a push
 * @returns false when too many are running already; nothing was answered then
 */
export function serveGit(
  root: string,
  pathInfo: string,
  user: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (running >= PROCESSES_MAX) return false;
  running += 1;
  const query = new URL(request.url ?? '/', 'http://platform.invalid').search.slice(1);
  const header = (name: string) => String(request.headers[name] ?? '');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...gitEnvironment(root, process.env.PATH ?? '/usr/bin:/bin'),
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathInfo,
      REQUEST_METHOD: request.method,
      QUERY_STRING: query,
      CONTENT_TYPE: header('content-type'),
      // Absent for a chunked body: git then reads to its end.
      ...(request.headers['content-length'] === undefined ? {} : { CONTENT_LENGTH: header('content-length') }),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      GIT_PROTOCOL: header('git-protocol'),
      REMOTE_ADDR: request.socket.remoteAddress ?? '',
      ...(user === undefined ? {} : { REMOTE_USER: user, GIT_COMMITTER_NAME: user, GIT_COMMITTER_EMAIL: `${user}@airpay.example` }),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), PROCESS_TIMEOUT_MS);
  let sizeBytes = 0;
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > PUSH_MAX_BYTES) child.kill('SIGKILL');
  });
  request.pipe(child.stdin);
  // The program may end before it has read everything (a refused push); that is its answer.
  child.stdin.on('error', () => request.resume());
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)));
  passOn(child.stdout, response);
  child.on('error', error => response.destroy(error));
  child.on('close', code => {
    running -= 1;
    clearTimeout(limit);
    if (code !== 0 && complaint !== '') process.stderr.write(`git http-backend: ${complaint.trim()}\n`);
    if (!response.headersSent) response.writeHead(sizeBytes > PUSH_MAX_BYTES ? 413 : 502, { 'content-type': 'text/plain' });
    response.end();
  });
  response.on('close', () => child.exitCode === null && child.kill());
  return true;
}

/** Turns the program's own head (Status and header lines) into ours, then streams the rest. */
function passOn(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0);
  const onHead = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) {
      if (head.length > HEADER_MAX_BYTES) response.destroy(new Error('the answer of git http-backend has no end of its head'));
      return;
    }
    output.removeListener('data', onHead);
    const lines = head.subarray(0, end).toString('latin1').split('\r\n');
    const headers: Record<string, string> = {};
    let status = 200;
    for (const line of lines) {
      const [name, ...value] = line.split(':');
      if (name!.toLowerCase() === 'status') status = Number.parseInt(value.join(':').trim(), 10);
      else headers[name!.toLowerCase()] = value.join(':').trim();
    }
    response.writeHead(status, headers);
    response.write(head.subarray(end + 4));
    output.pipe(response, { end: false });
  };
  output.on('data', onHead);
}
