/** JavaScript and TypeScript: the `test` script, by the package manager the repository uses. */
import * as z from "zod";
import type { BaseFiles, Detector } from "./detect.ts";

const manifestSchema = z.object({
  scripts: z
    .looseObject({ test: z.string().optional().catch(undefined) })
    .optional()
    .catch(undefined),
  /** `pnpm@9.1.0`, with a hash behind a plus. */
  packageManager: z.string().optional().catch(undefined),
});

/** What `npm init` writes. */
const PLACEHOLDER = /no test specified/;

const LOCKS = [
  ["pnpm", "pnpm-lock.yaml"],
  ["yarn", "yarn.lock"],
  ["npm", "package-lock.json"],
  ["npm", "npm-shrinkwrap.json"],
  ["bun", "bun.lock"],
  ["bun", "bun.lockb"],
] as const;
type Manager = (typeof LOCKS)[number][0];

export const node: Detector = async (files) => {
  const manifest = manifestSchema.safeParse(parseJson(await files.read("package.json")));
  const script = manifest.data?.scripts?.test?.trim() ?? "";
  if (script === "" || PLACEHOLDER.test(script)) return undefined;
  const named = /^(npm|pnpm|yarn|bun)@(\d+)/.exec(manifest.data?.packageManager ?? "");
  const locked: Manager[] = [];
  for (const [name, lock] of LOCKS) if (await files.has(lock)) locked.push(name);
  const manager = (named?.[1] as Manager | undefined) ?? locked[0] ?? "npm";
  const setup = locked.includes(manager) ? await setupOf(manager, named?.[2], files) : undefined;
  return {
    // `bun test` is bun's own test runner, whatever the script says.
    command: manager === "bun" ? "bun run test" : `${manager} test`,
    because: "package.json has a test script",
    ...(setup === undefined ? {} : { setup }),
  };
};

async function setupOf(manager: Manager, major: string | undefined, files: BaseFiles): Promise<string> {
  if (manager === "npm") return "npm ci";
  if (manager !== "yarn") return `${manager} install --frozen-lockfile`;
  const modern = major === undefined ? await files.has(".yarnrc.yml") : Number(major) >= 2;
  return modern ? "yarn install --immutable" : "yarn install --frozen-lockfile";
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse((text ?? "").replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
}
