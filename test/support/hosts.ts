/** The service on each of its hosts, as one thing that can be killed and started again. */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import { until } from "./until.ts";
import { BUILT_WORKER, SERVICE_OBJECTS, startWorkerd } from "./workerd.ts";

export const HOST_NAMES = ["workerd", "node", "deno"] as const;
export type HostName = (typeof HOST_NAMES)[number];

export interface Host {
  readonly name: HostName;
  /** `http://127.0.0.1:PORT`, without a trailing slash; the same after a restart. */
  readonly url: string;
  /** Of the process that runs now. */
  readonly pid: number;
  /** The end of the error output of the process that ran last. */
  complaints(): string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** The way an operator ends it. */
  stop(): Promise<void>;
  /** Starts it again on the same folder and port, once it was killed or stopped. */
  restart(): Promise<void>;
}

export interface HostOptions {
  /** Variables and secrets. Anonymous use is allowed unless it says otherwise. */
  readonly env?: Readonly<Record<string, string>>;
  /** Takes everything that outlives the process. */
  readonly folder: string;
  /** A script other than the service's: a bundle for workerd, a module for the others. */
  readonly script?: string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const DENO_FLAGS = ["--node-modules-dir=manual", "--no-remote"];
const DENO_RIGHTS = ["--allow-net", "--allow-env", "--allow-read", "--allow-write"];
const BUSY_PORT = /EADDRINUSE|AddrInUse|Address already in use/;

export async function startHost(name: HostName, given: HostOptions): Promise<Host> {
  const options = name === "workerd" ? await withOwnScript(given) : given;
  let server = await start(name, options, 0);
  const { url } = server;
  const port = Number(new URL(url).port);
  return {
    name,
    url,
    get pid() {
      return server.pid;
    },
    complaints: () => server.complaints(),
    kill: () => server.kill(),
    stop: async () => {
      await server.stop();
    },
    restart: async () => {
      server = await start(name, options, port);
    },
  };
}

/** A build that is under way elsewhere must not change what is started again. */
async function withOwnScript(options: HostOptions): Promise<HostOptions> {
  const script = join(options.folder, "worker.js");
  await copyFile(options.script ?? BUILT_WORKER, script);
  return { ...options, script };
}

type Started = ServerProcess & { readonly url: string };

/** @param port 0 for any */
async function start(name: HostName, options: HostOptions, port: number): Promise<Started> {
  if (name === "workerd") {
    const where = port === 0 ? {} : { port };
    return await startWorkerd({ ...options, ...where, objects: SERVICE_OBJECTS });
  }
  const script = options.script ?? join(root, "src/serve.ts");
  const [command, args] =
    name === "node"
      ? [join(root, "node_modules/.bin/node"), [script]]
      : [join(root, "node_modules/deno/deno"), ["run", ...DENO_FLAGS, ...DENO_RIGHTS, script]];
  const data = join(options.folder, "data");
  await mkdir(data, { recursive: true });
  const env = {
    ALLOW_ANONYMOUS: "true",
    HOST: "127.0.0.1",
    PORT: String(port),
    DATA_DIR: data,
    NO_COLOR: "1",
    ...options.env,
  };
  // The port of the process before may be somebody else's for a moment, as an outgoing connection's.
  const server = await until(`${name}'s port is free`, async () => {
    try {
      return await startServerProcess({
        command,
        args,
        cwd: root,
        env,
        readyOn: "stdout",
        ready: /^listening on (http:\/\/127\.0\.0\.1:\d+)\/?$/,
      });
    } catch (error) {
      if (port !== 0 && BUSY_PORT.test(String(error))) return undefined;
      throw error;
    }
  });
  return { ...server, url: server.ready[1] ?? "" };
}
