/** `npm run endurance`: every endurance run, one after the other, or one with options of its own. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const NAMES = [
  "wrap-everything",
  "replay-commits",
  "wire-faults",
  "drop-readers",
  "kill-runs",
  "hostile",
  "kill-runner",
  "kill-engine",
  "soak-sandboxes",
] as const;

const [flag, only, ...rest] = process.argv.slice(2);
const chosen = flag === undefined ? NAMES : NAMES.filter((name) => flag === "--only" && name === only);
if (chosen.length === 0) {
  console.error(`npm run endurance [-- --only ${NAMES.join("|")} [options of that run]]`);
  process.exitCode = 2;
}
for (const name of chosen) {
  console.log(`== ${name}`);
  const script = join(import.meta.dirname, `${name}.ts`);
  const { status } = spawnSync(process.execPath, [script, ...rest], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
