/** A sandbox's network in a temporary folder, with names and addresses as a test wants them. */
import { join } from "node:path";
import { createNetwork, type NetworkOptions } from "../../../../sandbox-runner/src/network/create-network.ts";
import type { Network, SandboxNetwork } from "../../../../sandbox-runner/src/network/network.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

export interface OpenNetwork extends AsyncDisposable {
  readonly network: Network;
  readonly sandbox: SandboxNetwork;
  /** Where the sandbox's proxy listens. */
  readonly socket: string;
}

/** Reaches loopback addresses for the hosts in `allow`, unless `options` say otherwise; on from the start. */
export async function openNetwork(
  allow: readonly string[],
  options: Partial<NetworkOptions> = {},
): Promise<OpenNetwork> {
  const folder = await temporaryFolder();
  const network = await createNetwork({
    folder: join(folder.path, "network"),
    allow,
    allowPrivate: allow,
    resolve: async () => ["127.0.0.1"],
    ...options,
  });
  const sandbox = await network.open("sandbox");
  sandbox.allow(true);
  return {
    network,
    sandbox,
    socket: join(sandbox.folder, "proxy.sock"),
    [Symbol.asyncDispose]: async () => {
      await network.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
