/** Counts what callers ask for, so that none takes the service away from the others. */
import { ServiceError } from "../errors.ts";
import type { Caller } from "./access.ts";

/** The shape of Cloudflare's rate-limit binding. */
export interface RateLimiter {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/** The period limits are counted over, in seconds: `simple.period` of the binding in wrangler.toml. */
export const RATE_LIMIT_SECONDS = 60;

/**
 * The keys a caller's requests count under. Whoever brings a credential that anybody can make up is
 * counted by address too, or making up another would start from zero.
 */
export function keysOf(caller: Caller, address: string | undefined): readonly string[] {
  const byAddress = caller.known || address === undefined ? [] : [`address:${networkOf(address)}`];
  return [`caller:${caller.id}`, ...byAddress];
}

/** The key of requests that are nobody's: apart from those of callers at the same address, whose share they must not use up. */
export function visitorKey(address: string): string {
  return `visitor:${networkOf(address)}`;
}

/** IPv6 by its first 64 bits, which is what one customer of a network has to himself. */
function networkOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  const [head = "", tail] = address.toLowerCase().split("%")[0]?.split("::") ?? [];
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  const all = [...groups, ...Array.from({ length: zeros }, () => "0"), ...after];
  const network = all.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${network.join(":")}::/64`;
}

/**
 * Counts one request under each key.
 *
 * @param now milliseconds since the epoch.
 * @throws ServiceError `too_many_requests` when any of them has had enough.
 */
export async function requireRate(limiter: RateLimiter, keys: readonly string[], now: number): Promise<void> {
  for (const key of keys) {
    const { success } = await limiter.limit({ key });
    if (!success) {
      throw new ServiceError(
        "too_many_requests",
        `Too many requests; wait ${RATE_LIMIT_SECONDS} seconds before the next.`,
        { retryAt: now + RATE_LIMIT_SECONDS * 1000 },
      );
    }
  }
}
