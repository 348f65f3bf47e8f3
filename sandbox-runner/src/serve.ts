/** The entry: reads the environment, starts the runner, and ends it with everything it runs. */
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { createBackends } from "./backends.ts";
import { listen } from "./listen.ts";
import { createLog } from "./log.ts";
import { createRunner } from "./runner.ts";
import { readSettings, SetUpError } from "./settings.ts";

/** The longest a shutdown may take; containers end by themselves when their runner is gone. */
const SHUTDOWN_MS = 20_000;

try {
  await main();
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  // Nothing that is started from here inherits it.
  delete process.env["SANDBOX_RUNNER_SECRET"];
  const log = createLog();
  const { service } = settings;
  const backends = await createBackends(settings, log);
  const runner = await createRunner({ settings: service, backends, log, startedAt: performance.timeOrigin });
  // Nobody should be refused for having signed in the second in which the process started.
  await pause(Math.max(0, 1000 - performance.now()));
  const server = await listen(runner, service.host, service.port).catch(async (error: unknown) => {
    await runner.close();
    throw error;
  });
  log.info({ url: server.url, backends: settings.backends }, "listening");

  const stop = async (signal: string) => {
    log.info({ signal }, "shutting down");
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    await runner.close();
    await server.close();
    log.info({}, "shut down");
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => void stop(signal));
}
