/** Finds out where a request comes from, also behind the operator's own proxies. */

const ADDRESS = /^[\da-f:.]{2,45}$/i;

/**
 * The address that the first of `proxies` proxies in front of the service was asked from, as each adds one to the
 * end of X-Forwarded-For; what stands before that is whatever the client sent. `peer`, who connected, without
 * proxies, and for a request that did not pass all of them.
 */
export function clientAddress(
  peer: string | undefined,
  headers: Headers,
  proxies: number,
): string | undefined {
  if (proxies === 0) return peer;
  const named = headers.get("x-forwarded-for")?.split(",").at(-proxies)?.trim() ?? "";
  return ADDRESS.test(named) ? named : peer;
}
