/** Containers from their creation to their end. */
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { RunnerError } from "../errors.ts";
import { type ContainerOptions, containerOptions } from "./container.ts";
import { call, statusCode } from "./engine.ts";
import type { DockerSettings } from "./settings.ts";

export interface RunningContainer {
  readonly container: Docker.Container;
  /** `uid:gid` of commands. */
  readonly user: string;
  /** To be called once: brings the end closer, to so many seconds from now. */
  limitLife(seconds: number): void;
  /** Settles when the container has ended or the engine has gone away, and never rejects. */
  readonly ended: Promise<void>;
  /**
   * Kills everything in it; settles once that is done. `slow` says that it was too slow already to end by itself.
   * Throws RunnerError when the engine does not say so.
   */
  end(slow: boolean): Promise<void>;
}

/**
 * Creates and starts a container. It lives as long as this process holds the connection to it, and no longer than
 * the deadline. Throws RunnerError.
 */
export async function startContainer(
  docker: Docker,
  settings: DockerSettings,
  options: ContainerOptions,
  signal?: AbortSignal,
): Promise<RunningContainer> {
  const container = await call(
    signal,
    (abortSignal) => docker.createContainer({ ...containerOptions(settings, options), abortSignal }),
    (late) => void removeContainer(late).catch(() => {}),
  ).catch((error) => {
    // It has no such image.
    throw isGone(error) ? unavailable(error) : error;
  });
  try {
    // Held open from before the start: PID 1 ends with it.
    const socket = await call(
      signal,
      async () =>
        (await container.attach({
          stream: true,
          stdin: true,
          stdout: true,
          stderr: true,
          hijack: true,
        })) as unknown as Socket,
      (late) => late.destroy(),
    );
    const running = hold(container, `${options.uid}:${options.uid}`, socket);
    try {
      await call(signal, (abortSignal) => container.start({ abortSignal }));
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return running;
  } catch (error) {
    await removeContainer(container).catch(() => {});
    throw isGone(error) ? unavailable(error) : error;
  }
}

function unavailable(cause: unknown): RunnerError {
  return new RunnerError("provider_unavailable", "The Docker engine cannot start sandboxes.", { cause });
}

/** For PID 1 to end by itself. */
const ALONE_MS = 150;

function hold(container: Docker.Container, user: string, socket: Socket): RunningContainer {
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  /** PID 1's output: when it ends, all has. */
  const over = new Promise<void>((resolve) => socket.on("end", () => resolve()));
  socket.on("error", () => socket.destroy());
  socket.resume();
  return {
    container,
    user,
    limitLife(seconds) {
      socket.write(`${Math.max(1, Math.ceil(seconds))}\n`);
    },
    ended: closed,
    async end(slow) {
      socket.end();
      // PID 1 ends by itself now, in half the time that a kill takes, unless it is out of processor time.
      const byItself =
        !slow && (await Promise.race([over.then(() => true), pause(ALONE_MS, false, { ref: false })]));
      const killed = byItself ? undefined : kill(container);
      killed?.catch(() => {});
      await Promise.race([killed, over]);
      socket.destroy();
    },
  };
}

async function kill(container: Docker.Container): Promise<void> {
  try {
    await call(undefined, (abortSignal) => container.kill({ abortSignal }));
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Whatever state it is in. Throws RunnerError. */
export async function removeContainer(container: Docker.Container): Promise<void> {
  try {
    await call(undefined, (abortSignal) => container.remove({ force: true, v: true, abortSignal }));
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** The engine does not know the container, or it does not run any more, or it is being removed. */
function isGone(error: unknown): boolean {
  return error instanceof RunnerError && [404, 409].includes(statusCode(error.cause) ?? 0);
}
