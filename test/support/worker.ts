/** The built Worker in a real workerd, as `wrangler deploy` would upload it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { wranglerSettings } from "./wrangler-toml.ts";

export interface RunningWorker {
  /** `http://127.0.0.1:PORT`, without a trailing slash. */
  readonly url: string;
  /** Ends workerd. */
  stop(): Promise<void>;
}

export interface WorkerOptions {
  /** Variables and secrets of the deployment. Anonymous use is allowed unless it says otherwise. */
  readonly env?: Readonly<Record<string, string>>;
  /** Answers every request the Worker sends out, in place of the network. */
  readonly outbound?: (request: Request) => Promise<Response>;
  readonly port?: number;
  /** Requests a minute that the rate-limit bindings let through, by their names; not bound when absent. */
  readonly limits?: Readonly<Record<string, number>>;
  /** A built Worker other than `dist/worker.js`. */
  readonly script?: string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

const OBJECTS = {
  RUNS: { className: "RunObject", useSQLite: true },
  DIRECTORY: { className: "DirectoryObject", useSQLite: true },
};

/** Starts `dist/worker.js` with the date and flags of wrangler.toml. */
export async function startWorker(options: WorkerOptions = {}): Promise<RunningWorker> {
  const { compatibilityDate, compatibilityFlags } = wranglerSettings();
  const workerd = new Miniflare(
    convertV4MiniflareOptions({
      modules: [
        {
          type: "ESModule",
          path: "worker.js",
          contents: readFileSync(options.script ?? `${root}/dist/worker.js`, "utf8"),
        },
      ],
      compatibilityDate,
      compatibilityFlags,
      ...(options.script === undefined ? { durableObjects: OBJECTS } : {}),
      ratelimits: Object.fromEntries(
        Object.entries(options.limits ?? {}).map(([name, limit], number) => [
          name,
          { namespace_id: String(number), simple: { limit, period: 60 as const } },
        ]),
      ),
      bindings: { ALLOW_ANONYMOUS: "true", ...options.env },
      host: "127.0.0.1",
      port: options.port ?? 0,
      ...(options.outbound === undefined ? {} : { outboundService: options.outbound }),
    } as Parameters<typeof convertV4MiniflareOptions>[0]),
  );
  try {
    const ready = await workerd.ready;
    return { url: ready.origin, stop: () => workerd.dispose() };
  } catch (error) {
    // Its own servers would keep the process alive; it rejects with the same error.
    await workerd.dispose().catch(() => undefined);
    throw error;
  }
}
