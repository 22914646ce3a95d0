import { Config } from '@backstage/config';

/** Names under which a browser on this machine reaches a server on this machine. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Whether passwordless sign-in may be loaded.
 * @param nodeEnv - NODE_ENV of the process
 * @returns false when it is not configured or this is not the local environment
 * @throws Error when a production process is configured for it: a start is refused rather than a door left open
 */
export function mayLoad(config: Config, nodeEnv: string | undefined): boolean {
  if (!config.has('auth.providers.localPeople')) return false;
  // `make up` runs the production bundle, hence NODE_ENV alone does not tell the two apart.
  if (nodeEnv === 'production' && config.getOptionalString('airpay.environment') !== 'local') {
    throw new Error(
      'auth.providers.localPeople lets anybody sign in without a password and is configured in a production process. ' +
        'Remove it from the configuration; only the local platform (airpay.environment: local) may have it.',
    );
  }
  return config.getOptionalString('auth.environment') === 'local';
}

/**
 * Why a request must not choose a person, or undefined when it may.
 * @param request - headers as Node gives them: `host` is the authority, `origin` is absent on same-origin reads
 */
export function refusalOfOrigin(
  request: { host?: string; origin?: string; fetchSite?: string },
  options: { appUrl: string; isOriginAllowed: (origin: string) => boolean },
): string | undefined {
  if (request.origin !== undefined && !options.isOriginAllowed(request.origin)) {
    return 'Sign-in is only possible from the portal itself, not from another origin';
  }
  if (request.fetchSite === 'cross-site') {
    return 'Sign-in is only possible from the portal itself, not from another site';
  }
  // A page of another name that resolves to 127.0.0.1 is "same origin" to the browser; its Host header gives it away.
  const allowedNames = [new URL(options.appUrl).hostname, ...LOOPBACK_NAMES];
  if (!allowedNames.includes(hostName(request.host))) {
    return 'Sign-in is only possible under the name the portal is configured with';
  }
  return undefined;
}

function hostName(host: string | undefined): string {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return '';
  }
}
