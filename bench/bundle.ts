/** Makes one script of a Worker's sources, the way the service's is made. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { QUIET_WRANGLER } from "../test/support/build-worker.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const built = new Map<string, string>();

/** The path of the bundled script; built once in a process, about 2 s, and removed when the process ends. */
export function bundleWorker(source: URL): string {
  const known = built.get(source.href);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), "bench-worker-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = fileURLToPath(source);
  execFileSync("npx", ["wrangler", "deploy", path, "--dry-run", "--outdir", folder], {
    cwd: root,
    env: { ...process.env, ...QUIET_WRANGLER },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const script = join(folder, basename(path).replace(/\.ts$/, ".js"));
  built.set(source.href, script);
  return script;
}
