/** The entry for Node and Deno: the same service in one process, its runs in an SQLite file. */
import process from "node:process";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { createApp } from "./app.ts";
import { configOptions, httpSettings, readSettings } from "./env.ts";
import { ServiceError } from "./errors.ts";
import { clientAddress } from "./http/client-address.ts";
import { createConfig } from "./http/config.ts";
import { RATE_LIMIT_SECONDS, type RateLimiter } from "./http/rate-limit.ts";
import { startTimer } from "./http/timers.ts";
import { listen } from "./listen.ts";
import { createProcessHost } from "./run/process/host.ts";
import { createService } from "./service.ts";
import { VERSION } from "./version.ts";

try {
  await main();
} catch (error) {
  if (!(error instanceof ServiceError)) throw error;
  log(error.message);
  // Runs that were taken up already would keep the process.
  process.exit(1);
}

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const { redactor, redact, checks, report, storyFor, frames, limits } = createService(settings, log);
  const host = createProcessHost({
    folder: settings.dataDir,
    limits,
    storyFor,
    frames,
    startTimer,
    report,
    redact,
    now: Date.now,
  });
  const peers = new WeakMap<Request, string>();
  const app = createApp({
    settings: httpSettings(settings, VERSION),
    host,
    config: createConfig(configOptions(settings)),
    checks,
    rateLimit: {
      starts: limiter(settings.startsPerMinute),
      requests: limiter(settings.requestsPerMinute),
    },
    clientAddress: (request) => clientAddress(peers.get(request), request.headers, settings.trustedProxies),
    redactor,
    now: Date.now,
    report,
  });
  // Open to anybody who can reach it, it is reached from this machine only, unless HOST says otherwise.
  const hostname = settings.host ?? (settings.allowAnonymous ? "127.0.0.1" : "0.0.0.0");
  const shown = hostname.includes(":") ? `[${hostname}]` : hostname;
  const server = await listen(hostname, settings.port, async (request, peer) => {
    if (peer !== undefined) peers.set(request, peer);
    const startedAt = Date.now();
    const response = await app.fetch(request);
    if (settings.debug) {
      const { pathname } = new URL(request.url);
      log(`${request.method} ${redactor.redact(pathname)} ${response.status} ${Date.now() - startedAt} ms`);
    }
    return response;
  }).catch((error: unknown) => {
    host.close();
    const reason = error instanceof Error ? error.message : String(error);
    throw new ServiceError("internal", `Cannot listen on ${shown}:${settings.port} (HOST, PORT): ${reason}.`);
  });
  process.stdout.write(`listening on http://${shown}:${server.port}\n`);

  const stop = (): void => {
    host.close();
    server.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}

function limiter(perMinute: number): RateLimiter {
  const counts = new RateLimiterMemory({ points: perMinute, duration: RATE_LIMIT_SECONDS });
  return {
    limit: async ({ key }) => {
      const refused = await counts.consume(key).then(
        () => false,
        () => true,
      );
      return { success: !refused };
    },
  };
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
