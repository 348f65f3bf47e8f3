/** Makes one script of a Worker's sources, as wrangler does for the service. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "bench-workers-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** The path of the bundled script of a Worker in this folder; it is removed when the process ends. */
export async function bundleWorker(name: string): Promise<string> {
  const outfile = join(folder, name.replace(/\.ts$/, ".js"));
  await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    minify: true,
    logLevel: "error",
  });
  return outfile;
}
