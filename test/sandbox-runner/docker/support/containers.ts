/** What the engine has of a runner's containers, seen past the backend. */
import type { Readable } from "node:stream";
import type { ContainerInfo } from "dockerode";
import { RUNNER_LABEL } from "../../../../sandbox-runner/src/docker/container.ts";
import { connectEngine } from "../../../../sandbox-runner/src/docker/engine.ts";

/** In whatever state. */
export async function containersOf(runner: string): Promise<ContainerInfo[]> {
  const filters = { label: [`${RUNNER_LABEL}=${runner}`] };
  return await connectEngine().listContainers({ all: true, filters });
}

/** Settles when something is so of a runner's containers; looks again whenever the engine has news of one. */
export async function until(runner: string, isSo: (all: readonly ContainerInfo[]) => boolean): Promise<void> {
  const filters = { label: [`${RUNNER_LABEL}=${runner}`] };
  const news = (await connectEngine().getEvents({ filters })) as Readable;
  try {
    if (isSo(await containersOf(runner))) return;
    for await (const _ of news) if (isSo(await containersOf(runner))) return;
  } finally {
    news.destroy();
  }
}

export const none = (all: readonly ContainerInfo[]): boolean => all.length === 0;
export const running =
  (count: number) =>
  (all: readonly ContainerInfo[]): boolean =>
    all.filter(({ State }) => State === "running").length === count;
