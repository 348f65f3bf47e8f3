/** What a sandbox may ask to be connected to: a host and a port, each in one spelling only. */
import { isIP, isIPv4, isIPv6, SocketAddress } from "node:net";

export interface Target {
  /** A DNS name in lower case without a trailing dot, or an IP address in its shortest form. */
  readonly host: string;
  readonly port: number;
}

const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
const MAX_NAME = 253;
/** A name that ends like this is an IPv4 address to resolvers: `127.1`, `0x7f000001` (https://url.spec.whatwg.org/#ends-in-a-number-checker). */
const NUMBER = /^(?:\d+|0x[0-9a-f]*)$/;
const PORT = /^[1-9]\d{0,4}$/;

/**
 * Reads the authority form `host:port` (RFC 9112, 3.2.3); IPv6 addresses stand in brackets.
 * Undefined for anything else: user information, IPv4 addresses in other spellings, zones, port 0,
 * characters outside ASCII (names travel as A-labels, RFC 5890).
 */
export function parseTarget(text: string): Target | undefined {
  const colon = text.lastIndexOf(":");
  if (colon === -1) return undefined;
  const host = parseHost(text.slice(0, colon));
  const port = parsePort(text.slice(colon + 1));
  return host === undefined || port === undefined ? undefined : { host, port };
}

/** The reverse of parseTarget. */
export function targetText({ host, port }: Target): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** A name or an address as `Target.host` has it; undefined when it is neither. */
export function parseHost(text: string): string | undefined {
  if (text.startsWith("[") && text.endsWith("]")) return canonicalIPv6(text.slice(1, -1));
  if (isIPv4(text)) return text;
  const name = text.toLowerCase().replace(/\.$/, "");
  const labels = name.split(".");
  if (name.length > MAX_NAME || !labels.every((label) => LABEL.test(label))) return undefined;
  return NUMBER.test(labels.at(-1) ?? "") ? undefined : name;
}

export function parsePort(text: string): number | undefined {
  const port = Number(text);
  return PORT.test(text) && port <= 65_535 ? port : undefined;
}

/** True for an address, false for a name. */
export const isAddress = (host: string): boolean => isIP(host) !== 0;

function canonicalIPv6(address: string): string | undefined {
  if (!isIPv6(address) || address.includes("%")) return undefined;
  return new SocketAddress({ address, family: "ipv6" }).address;
}
