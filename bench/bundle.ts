/** Makes one script of a Worker's sources, the way the service's is made. */
import { execFileSync } from "node:child_process";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { QUIET_WRANGLER } from "../test/support/build-worker.ts";
import { CACHE } from "./repositories.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const built = new Map<string, string>();

/** The path of the bundled script, in the bench's cache; built once in a process, about 2 s. */
export function bundleWorker(source: URL): string {
  const known = built.get(source.href);
  if (known !== undefined) return known;
  const path = fileURLToPath(source);
  const folder = join(CACHE, "workers", basename(path, ".ts"));
  const config = join(root, "bench/wrangler.toml");
  execFileSync("npx", ["wrangler", "deploy", path, "--config", config, "--dry-run", "--outdir", folder], {
    cwd: root,
    env: { ...process.env, ...QUIET_WRANGLER },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const script = join(folder, basename(path).replace(/\.ts$/, ".js"));
  built.set(source.href, script);
  return script;
}
