/** Gives every sandbox a folder with a socket of its own, and a forward proxy behind it. */
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createAllowList } from "./allow-list.ts";
import { createConnect } from "./connect.ts";
import { PROXY_SOCKET, prepareFolder } from "./folders.ts";
import type { Network, SandboxNetwork } from "./network.ts";
import { createProxy, type ProxyLimits } from "./proxy.ts";
import { createRefusals } from "./refusals.ts";
import { atMost, type Resolve, resolveByHost, sharing } from "./resolve.ts";

export interface NetworkOptions {
  /** Holds the sandboxes' folders, in one of the runner's own; on the engine's host it has the same path. */
  readonly folder: string;
  /** Hosts that may be reached: see createAllowList. */
  readonly allow: readonly string[];
  /** Those of them that may be at private addresses. */
  readonly allowPrivate: readonly string[];
  readonly resolve?: Resolve;
  readonly limits?: Partial<ProxyLimits>;
}

const DEFAULT_LIMITS: ProxyLimits = {
  connections: 128,
  bytes: 4 * 1024 ** 3,
  idleMs: 120_000,
  requestMs: 10_000,
};
const CONNECT_TIMEOUT_MS = 10_000;
/** Of one sandbox at a time: the host's own are few, and shared by all of them. */
const LOOKUPS = 2;

/** What fits into a sockaddr_un (unix(7)), without the NUL. */
const MAX_SOCKET_PATH_BYTES = 107;
const ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** Throws an Error with a sentence for the operator when an entry or the folder will not do. */
export async function createNetwork(options: NetworkOptions): Promise<Network> {
  const isAllowed = createAllowList(options.allow);
  const mayBePrivate = createAllowList(options.allowPrivate);
  const resolve = sharing(options.resolve ?? resolveByHost);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const sandboxes = new Set<SandboxNetwork>();
  const folder = await prepareFolder(options.folder);

  const open = async (id: string): Promise<SandboxNetwork> => {
    const own = join(folder, id);
    const socket = join(own, PROXY_SOCKET);
    if (!ID.test(id)) throw new Error(`"${id}" cannot name a folder.`);
    if (Buffer.byteLength(socket) > MAX_SOCKET_PATH_BYTES) {
      throw new Error(`"${options.folder}" is too long a path for sockets: choose a shorter one.`);
    }
    const refusals = createRefusals();
    const proxy = createProxy({
      limits,
      isAllowed,
      connect: createConnect({
        resolve: atMost(LOOKUPS, resolve),
        mayBePrivate,
        timeoutMs: CONNECT_TIMEOUT_MS,
      }),
      onRefused: refusals.add,
    });
    let closed: Promise<void> | undefined;
    const network: SandboxNetwork = {
      folder: own,
      allow: proxy.allow,
      takeRefused: refusals.take,
      close: () => {
        closed ??= (async () => {
          sandboxes.delete(network);
          await proxy.close();
          await rm(own, { recursive: true, force: true });
        })();
        return closed;
      },
    };
    await mkdir(own);
    sandboxes.add(network);
    try {
      await proxy.listen(socket);
      // users of the sandbox may connect; they may not list or change the folder
      await chmod(socket, 0o666);
      await chmod(own, 0o711);
      return network;
    } catch (error) {
      await network.close();
      throw error;
    }
  };

  return {
    open,
    close: async () => {
      await Promise.all([...sandboxes].map((sandbox) => sandbox.close()));
    },
  };
}
