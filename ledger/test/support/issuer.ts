/** An identity provider: its own keys, a key set over HTTP, tokens as asked. */
import { createServer, type Server } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

export type Algorithm = 'RS256' | 'ES256' | 'EdDSA' | 'RS384';
const issuerName = 'https://id.test';
export const audience = 'ledger';

export class Issuer {
  readonly #server: Server;
  readonly #keys = new Map<string, { key: CryptoKey; publicJwk: JWK; algorithm: Algorithm }>();
  /** What it does with the next requests. */
  mode: 'right' | 'broken' | 'silent' | 'nonsense' | 'huge' = 'right';
  /** Times its keys were asked for. */
  asked = 0;
  url = '';

  constructor() {
    this.#server = createServer((_request, response) => {
      this.asked++;
      if (this.mode === 'silent') return;
      response.statusCode = this.mode === 'broken' ? 500 : 200;
      const keys = [...this.#keys.values()].map(one => one.publicJwk);
      if (this.mode === 'nonsense') response.end('<html>');
      else if (this.mode === 'huge') response.end(JSON.stringify({ keys, padding: 'x'.repeat(1024 * 1024) }));
      else response.end(JSON.stringify({ keys }));
    });
  }

  async start(): Promise<this> {
    await new Promise<void>(settle => this.#server.listen(0, '127.0.0.1', settle));
    this.url = `http://127.0.0.1:${(this.#server.address() as { port: number }).port}/jwks`;
    return this;
  }

  async addKey(kid: string, algorithm: Algorithm = 'ES256'): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    this.#keys.set(kid, { key: privateKey, algorithm, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' } });
  }

  removeKey(kid: string): void {
    this.#keys.delete(kid);
  }

  publicJwk(kid: string): JWK {
    return this.#keys.get(kid)!.publicJwk;
  }

  get claims(): JWTPayload {
    const nowS = Math.floor(Date.now() / 1000);
    return { iss: issuerName, aud: audience, sub: 'checkout', tenant: 'shop', scope: 'transfers:read accounts:read', iat: nowS, exp: nowS + 300 };
  }

  /** Signed with the key `kid`; a claim of undefined is left out. */
  token(kid: string, over: Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> {
    const { key, algorithm } = this.#keys.get(kid)!;
    return new SignJWT({ ...this.claims, ...over }).setProtectedHeader({ alg: algorithm, kid, ...header }).sign(key);
  }

  /** The ledger's settings for it. */
  get environment(): Record<string, string> {
    return { LEDGER_JWT_ISSUER: issuerName, LEDGER_JWT_AUDIENCE: audience, LEDGER_JWT_JWKS_URL: this.url };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(settle => this.#server.close(settle));
  }
}
