/** The hosts an operator lets sandboxes reach. */
import { domainToASCII } from "node:url";
import { isAddress, parseHost, parsePort, type Target, targetText } from "./target.ts";

const HTTPS_PORT = 443;

/**
 * Says of a target whether one of the entries names it:
 *
 * - `registry.example.org`: that name (or IP address), port 443 only;
 * - `registry.example.org:8443`: that port only; IPv6 addresses stand in brackets;
 * - `*.example.org`, with or without a port: every name below, at any depth, but not `example.org` itself.
 *
 * Throws an Error with a sentence for the operator about an entry that is none of these.
 */
export function createAllowList(entries: readonly string[]): (target: Target) => boolean {
  const exact = new Set<string>();
  const below: { readonly suffix: string; readonly port: number }[] = [];
  for (const entry of entries) {
    const { wildcard, target } = parseEntry(entry);
    if (wildcard) below.push({ suffix: `.${target.host}`, port: target.port });
    else exact.add(targetText(target));
  }
  return (target) =>
    exact.has(targetText(target)) ||
    below.some(({ suffix, port }) => port === target.port && target.host.endsWith(suffix));
}

function parseEntry(entry: string): { wildcard: boolean; target: Target } {
  const wildcard = entry.startsWith("*.");
  const [, hostText = "", portText] = /^(\[.*\]|[^:]*)(?::(.*))?$/.exec(entry.slice(wildcard ? 2 : 0)) ?? [];
  // only where needed: it would turn odd spellings of addresses into addresses
  const host = parseHost(/^\p{ASCII}*$/u.test(hostText) ? hostText : domainToASCII(hostText));
  const port = portText === undefined ? HTTPS_PORT : parsePort(portText);
  if (host === undefined || port === undefined || (wildcard && isAddress(host))) {
    throw new Error(
      `The allow-list entry "${entry}" is not one: write "host", "host:port", "*.host" or "*.host:port", ` +
        "without a scheme or a path.",
    );
  }
  return { wildcard, target: { host, port } };
}
