/** Where a webhook may go: the ledger stands in a private network and must not be made to ask its neighbours. */
import { BlockList, isIP } from 'node:net';

/** What IANA's special-purpose registry keeps from being reachable over the internet. */
const notPublic4: readonly [string, number][] = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
  ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
];
/** Of IPv6 only global unicast, less the parts of it that carry IPv4 addresses or belong to protocols. */
const public6: readonly [string, number] = ['2000::', 3];
const notPublic6: readonly [string, number][] = [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]];

const refused = new BlockList();
for (const [net, bits] of notPublic4) refused.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of notPublic6) refused.addSubnet(net, bits, 'ipv6');
const global6 = new BlockList();
global6.addSubnet(...public6, 'ipv6');

/** False for anything that is not an address. A mapped IPv4 address (`::ffff:10.0.0.1`) is not global unicast, so refused. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !refused.check(address, 'ipv4');
  return family === 6 && global6.check(address, 'ipv6') && !refused.check(address, 'ipv6');
}

export const urlLengthMax = 500;
/** Names that only mean something inside a network. */
const privateNames = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|localdomain|home\.arpa)\.?$/i;

/**
 * Why this URL cannot be an endpoint's, for the client; undefined when it can. What its name resolves to is checked
 * again whenever a connection is opened: names change.
 * @param allowLocal plain http and any address: for a platform on one machine
 */
export function whyUrlIsRefused(text: string, allowLocal: boolean): string | undefined {
  if (text.length > urlLengthMax) return `The url is longer than ${urlLengthMax} characters.`;
  if (!/^[\x21-\x7e]+$/.test(text) || !URL.canParse(text)) return 'The url is not valid.';
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(allowLocal && url.protocol === 'http:')) return 'The url must begin with https.';
  if (url.username || url.password) return 'The url must not hold a user name or password.';
  if (url.hash) return 'The url must not hold a fragment.';
  if (allowLocal) return undefined;
  // URL has brought every way to write an IPv4 address (0x7f.1, 2130706433) into its usual form.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return isPublicAddress(host) ? undefined : 'The url leads to an address that is not public.';
  if (privateNames.test(host) || !host.includes('.')) return 'The url leads to a name that is not public.';
  return undefined;
}
