/** One deployment for all tests of a file that disturb nobody else's runs. */
import { afterAll, afterEach, beforeAll } from "vitest";
import { type Deployment, deploy } from "../support/deployment.ts";
import type { RequestMatch } from "../support/forge/log.ts";
import type { ForgeRepository, LocalForge } from "../support/forge/server.ts";
import type { HostName } from "../support/hosts.ts";

/** The deployment, there once tests run. */
export type Shared = () => Deployment;

export function sharedDeployment(name: HostName, options: Parameters<typeof deploy>[1] = {}): Shared {
  let deployment: Deployment | undefined;
  beforeAll(async () => {
    deployment = await deploy(name, options);
  });
  afterEach(({ task }) => {
    const complaints = deployment?.host.complaints();
    if (task.result?.state === "fail" && complaints) console.log(`${name} said:\n${complaints}`);
  });
  afterAll(() => deployment?.[Symbol.asyncDispose]());
  return () => {
    if (deployment === undefined) throw new Error("the deployment has not started");
    return deployment;
  };
}

export interface Held extends Disposable {
  /** Settles when the request stands still. */
  reached(): Promise<void>;
  /** How the request that stands still ended: settles when it has. */
  ended(): Promise<"sent" | "cut">;
  /** Lets it go on. */
  release(): void;
}

/** Stops a request about one repository in the forge until it is released, before the work or after it. */
export function hold(
  forge: LocalForge,
  repository: ForgeRepository,
  match: Omit<RequestMatch, "path"> & { readonly path?: string; readonly nth?: number },
  at: "request" | "reply" = "request",
): Held {
  const gate = Promise.withResolvers<void>();
  const { path: end = "", nth = 1, ...rest } = match;
  const path = new RegExp(`/${repository.fullName}\\b.*${end}`);
  const fault = forge.faults.add({
    match: { ...rest, path, nth },
    times: 1,
    action: { hold: gate.promise, at },
  });
  const release = (): void => {
    gate.resolve();
    fault.remove();
  };
  return {
    reached: () => fault.reached(),
    ended: async () => {
      const entry = forge.log.where({ ...rest, path })[nth - 1];
      await entry?.ended;
      if (entry === undefined || entry.state === "open") throw new Error("nothing was held");
      return entry.state;
    },
    release,
    [Symbol.dispose]: release,
  };
}

/** The names of a repository's branches but the default one. */
export async function branchesOf(repository: ForgeRepository): Promise<readonly string[]> {
  const names = await repository.git("for-each-ref", "--format=%(refname:short)", "refs/heads");
  return names.split("\n").filter((name) => name !== repository.defaultBranch && name !== "");
}
