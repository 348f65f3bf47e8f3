/** What wrangler.toml says about how the Worker runs, for everything that runs it without wrangler. */
import { readFileSync } from "node:fs";

export interface WranglerSettings {
  readonly compatibilityDate: string;
  readonly compatibilityFlags: string[];
}

/** Throws when a setting is not where it is looked for. */
export function wranglerSettings(): WranglerSettings {
  const config = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
  return {
    compatibilityDate: setting(config, /^compatibility_date = "(.+)"$/m),
    compatibilityFlags: JSON.parse(setting(config, /^compatibility_flags = (\[.*\])$/m)) as string[],
  };
}

function setting(config: string, pattern: RegExp): string {
  const value = pattern.exec(config)?.[1];
  if (value === undefined) throw new Error(`wrangler.toml has nothing like ${pattern}`);
  return value;
}
