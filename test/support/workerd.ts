/** The workerd binary itself, on a folder that outlives it: what is killed can be started again where it was. */
import { writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import { until } from "./until.ts";
import { wranglerSettings } from "./wrangler-toml.ts";

export interface Workerd extends ServerProcess {
  /** `http://127.0.0.1:PORT`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
}

export interface WorkerdOptions {
  /** Variables and secrets. Anonymous use is allowed unless it says otherwise. */
  readonly env?: Readonly<Record<string, string>>;
  /** Takes the storage of all objects; the same folder brings them back. */
  readonly folder: string;
  /** Any free port when absent. */
  readonly port?: number;
  /** A built Worker other than `dist/worker.js`. */
  readonly script?: string;
  /** Durable Object classes by the name of their binding. */
  readonly objects: Readonly<Record<string, string>>;
}

/** The service's own Durable Objects. */
export const SERVICE_OBJECTS = { RUNS: "RunObject", DIRECTORY: "DirectoryObject" } as const;

const root = fileURLToPath(new URL("../..", import.meta.url));
/** What build-worker.ts builds. */
export const BUILT_WORKER = join(root, "dist/worker.js");
const BUSY_PORT = /Address already in use/;

/**
 * Starts workerd, about 40 ms until it listens. A port that was given may still be somebody else's for a
 * moment (the system hands out free ones for outgoing connections); then it is tried again.
 */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const storage = join(options.folder, "objects");
  await mkdir(storage, { recursive: true });
  const config = join(options.folder, "workerd.capnp");
  writeFileSync(config, configuration(options, storage));
  const start = () =>
    startServerProcess({
      command: join(root, "node_modules/workerd/bin/workerd"),
      // Files are embedded by absolute path, which Cap'n Proto looks up in its import path.
      args: ["serve", "--import-path=/", "--control-fd=3", config],
      cwd: options.folder,
      env: {},
      readyOn: "descriptor 3",
      ready: /"event":"listen".*"port":(\d+)/,
    });
  const server = await until("workerd's port is free", async () => {
    try {
      return await start();
    } catch (error) {
      if (options.port !== undefined && BUSY_PORT.test(String(error))) return undefined;
      throw error;
    }
  });
  const port = Number(server.ready[1]);
  return { ...server, port, url: `http://127.0.0.1:${port}` };
}

/** A configuration in Cap'n Proto's text form (workerd.capnp has the schema). */
function configuration(options: WorkerdOptions, storage: string): string {
  const { compatibilityDate, compatibilityFlags } = wranglerSettings();
  const env = { ALLOW_ANONYMOUS: "true", ...options.env };
  const bindings = [
    ...Object.entries(env).map(([name, value]) => `(name = ${quoted(name)}, text = ${quoted(value)})`),
    ...Object.entries(options.objects).map(
      ([name, className]) => `(name = ${quoted(name)}, durableObjectNamespace = ${quoted(className)})`,
    ),
  ];
  // The key names the folder and is part of every object's id: it has to stay the same.
  const namespaces = Object.values(options.objects).map(
    (className) =>
      `(className = ${quoted(className)}, uniqueKey = ${quoted(`tiny-backspace-${className}`)}, enableSql = true)`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "storage", disk = (path = ${quoted(storage)}, writable = true, allowDotfiles = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${options.port ?? 0}", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed ${quoted(options.script ?? BUILT_WORKER)})],
  compatibilityDate = ${quoted(compatibilityDate)},
  compatibilityFlags = [${compatibilityFlags.map(quoted).join(", ")}],
  bindings = [${bindings.join(", ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "storage"),
);
`;
}

/** A string literal; all but printable ASCII goes in as octal escapes of its UTF-8 bytes. */
function quoted(text: string): string {
  const escaped = Array.from(Buffer.from(text), (byte) => {
    const char = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e || char === '"' || char === "\\") {
      return `\\${byte.toString(8).padStart(3, "0")}`;
    }
    return char;
  });
  return `"${escaped.join("")}"`;
}
