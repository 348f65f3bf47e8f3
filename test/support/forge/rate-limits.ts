/** The REST API's rate limit headers: counted for each caller, never enforced. */
import type { Identity } from "./accounts.ts";

/** A test that wants a refusal adds a fault. */
export function createRateLimits() {
  const reset = Math.floor(Date.now() / 1000) + 3600;
  const used = new Map<string, number>();
  const state = (identity: Identity) => {
    const caller = identity.kind === "user" ? `user ${identity.login}` : identity.kind;
    const limit = identity.kind === "user" ? 5000 : 60;
    const count = Math.min(used.get(caller) ?? 0, limit);
    return { caller, rate: { limit, used: count, remaining: limit - count, reset } };
  };
  return {
    take: (identity: Identity, free: boolean) => {
      const { caller } = state(identity);
      if (!free) used.set(caller, (used.get(caller) ?? 0) + 1);
      const { rate } = state(identity);
      return {
        "x-ratelimit-limit": `${rate.limit}`,
        "x-ratelimit-remaining": `${rate.remaining}`,
        "x-ratelimit-reset": `${rate.reset}`,
        "x-ratelimit-used": `${rate.used}`,
        "x-ratelimit-resource": "core",
      };
    },
    overview: (identity: Identity) => {
      const { rate } = state(identity);
      const search = { limit: 10, used: 0, remaining: 10, reset };
      return { resources: { core: rate, search }, rate };
    },
  };
}
