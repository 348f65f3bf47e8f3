/** Which host names mean this machine and nothing else. */

/** `hostname` as a URL has it: lower case, IPv6 in brackets. RFC 6761 keeps every `*.localhost` local. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === "[::1]" || /^(?:[^.]+\.)*localhost$/.test(hostname) || /^127(?:\.\d{1,3}){3}$/.test(hostname)
  );
}

/** True for the origin of a page that this machine serves. */
export function isLoopbackOrigin(origin: string): boolean {
  return /^https?:\/\//.test(origin) && URL.canParse(origin) && isLoopback(new URL(origin).hostname);
}
