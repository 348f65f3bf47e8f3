/** The gate of every route about runs and the configuration: who is it, and is it not too often. */
import { authenticate, type Caller, requireAdmin } from "./access.ts";
import type { AppDeps } from "./deps.ts";
import { keysOf, requireRate, visitorKey } from "./rate-limit.ts";

export interface Gate {
  /** The caller; throws what `authenticate` throws, and `too_many_requests`. */
  caller(request: Request, limiter: keyof AppDeps["rateLimit"]): Promise<Caller>;
  /** Throws what `requireAdmin` throws, and `too_many_requests`. */
  admin(request: Request): Promise<void>;
  /** For pages that need no credential; throws `too_many_requests`. */
  visitor(request: Request): Promise<void>;
}

/**
 * Counting comes after authentication, by credential, so that nobody uses up what is another's. What
 * fails it counts by address, as visits do and apart from callers there.
 */
export function createGate({ settings, rateLimit, clientAddress, now }: AppDeps): Gate {
  const countVisit = async (request: Request): Promise<void> => {
    const address = clientAddress(request);
    if (address !== undefined) await requireRate(rateLimit.requests, [visitorKey(address)], now());
  };
  const orCount = async <T>(request: Request, check: Promise<T>): Promise<T> => {
    try {
      return await check;
    } catch (error) {
      await countVisit(request);
      throw error;
    }
  };
  return {
    async caller(request, limiter) {
      const caller = await orCount(request, authenticate(request, settings));
      await requireRate(rateLimit[limiter], keysOf(caller, clientAddress(request)), now());
      return caller;
    },
    async admin(request) {
      await orCount(request, requireAdmin(request, settings));
      await requireRate(rateLimit.requests, ["admin"], now());
    },
    visitor: countVisit,
  };
}
