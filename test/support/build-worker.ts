/** Builds the Worker once before the tests, the way it is deployed. */
import { execFileSync } from "node:child_process";

/** What wrangler would otherwise ask the network or the user for. */
export const QUIET_WRANGLER = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_WRITE_LOGS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  CI: "1",
} as const;

/** Runs `wrangler deploy --dry-run`; the bundle is `dist/worker.js`. */
export function buildWorker(): void {
  execFileSync("npx", ["wrangler", "deploy", "--dry-run", "--outdir", "dist"], {
    env: { ...process.env, ...QUIET_WRANGLER },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

export default buildWorker;
