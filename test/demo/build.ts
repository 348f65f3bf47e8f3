/** Builds the Worker when it has to be: a demo should not wait for what is there already. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { QUIET_WRANGLER } from "../support/build-worker.ts";

const OUTPUT = "dist/worker.js";
/** What the bundle is made from. */
const SOURCES = ["src", "wrangler.toml", "package-lock.json"];

/** Why `dist/worker.js` is not good to use, as words; undefined when it is. Costs one `stat` for each source file. */
export async function whyBuild(root: string): Promise<string | undefined> {
  const built = await changedAt(join(root, OUTPUT));
  if (built === undefined) return "it is not there yet";
  for (const source of SOURCES) {
    if ((await newestIn(join(root, source))) > built) return `${source} is newer than it`;
  }
  return undefined;
}

/**
 * Runs wrangler as for a deployment. Throws with the end of what wrangler said, or with the signal's
 * reason when it aborts.
 */
export async function build(root: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
  // A group of its own: wrangler starts processes that do not end with it.
  const child = spawn(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", "dist"], {
    cwd: root,
    env: { ...process.env, ...QUIET_WRANGLER, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const end = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  };
  signal.addEventListener("abort", end);
  process.on("exit", end);
  try {
    const [[code], said, complained] = await Promise.all([
      once(child, "close"),
      text(child.stdout),
      text(child.stderr),
    ]);
    signal.throwIfAborted();
    if (code !== 0) {
      throw new Error(`The Worker could not be built:\n${`${said}\n${complained}`.trim().slice(-2000)}`);
    }
  } finally {
    signal.removeEventListener("abort", end);
    process.off("exit", end);
  }
}

/** The latest change of a file, or of a folder and everything in it: a deleted file changes its folder. */
async function newestIn(path: string): Promise<number> {
  const own = (await changedAt(path)) ?? 0;
  if (!(await stat(path)).isDirectory()) return own;
  const inside = await readdir(path, { recursive: true });
  const times = await Promise.all(inside.map((name) => changedAt(join(path, name))));
  return Math.max(own, ...times.map((time) => time ?? 0));
}

async function changedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return undefined;
  }
}
