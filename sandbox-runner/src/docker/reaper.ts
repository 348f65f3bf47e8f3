/** Removes containers that nobody holds any more: after crashes of the runner or the engine, and past deadlines. */
import type Docker from "dockerode";
import type { Logger } from "pino";
import { DEADLINE_LABEL, INSTANCE_LABEL, RUNNER_LABEL, SANDBOX_LABEL } from "./container.ts";
import { call } from "./engine.ts";
import { removeContainer } from "./start.ts";

const INTERVAL_MS = 10_000;
/** From a container's creation to its start it takes tenths of a second. */
const START_MS = 60_000;

export interface Reaper {
  stop(): void;
}

export interface Owner {
  readonly runner: string;
  readonly instance: string;
}

/** Looks at once, and every ten seconds. */
export function startReaper(docker: Docker, owner: Owner, log: Pick<Logger, "info" | "warn">): Reaper {
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    try {
      await reap(docker, owner, log);
    } catch (error) {
      log.warn({ err: error }, "containers could not be looked through");
    } finally {
      looking = false;
    }
  };
  void look();
  const timer = setInterval(() => void look(), INTERVAL_MS).unref();
  return { stop: () => clearInterval(timer) };
}

async function reap(docker: Docker, owner: Owner, log: Pick<Logger, "info" | "warn">): Promise<void> {
  const filters = { label: [`${SANDBOX_LABEL}=1`] };
  const all = await call(undefined, (abortSignal) =>
    docker.listContainers({ all: true, filters, abortSignal }),
  );
  for (const info of all) {
    const why = reasonToRemove(info, owner, Date.now());
    if (why === undefined) continue;
    try {
      await removeContainer(docker.getContainer(info.Id));
      log.info({ container: info.Id, why }, "a container was removed");
    } catch (error) {
      log.warn({ err: error, container: info.Id }, "a container could not be removed");
    }
  }
}

/** `now` in milliseconds since the epoch; undefined for a container that is in use. */
function reasonToRemove(
  { Labels, State, Created }: Docker.ContainerInfo,
  owner: Owner,
  now: number,
): string | undefined {
  const deadline = Number(Labels[DEADLINE_LABEL]);
  // Another runner's clock is not this one's.
  if (!(deadline + CLOCK_SKEW_MS > now)) return "it is past its deadline";
  if (Labels[RUNNER_LABEL] === owner.runner && Labels[INSTANCE_LABEL] !== owner.instance)
    return "the runner that started it is gone";
  if (State === "exited" || State === "dead") return "it has ended";
  if (State === "created" && Created * 1000 + START_MS < now) return "it was never started";
  return undefined;
}

const CLOCK_SKEW_MS = 2000;
