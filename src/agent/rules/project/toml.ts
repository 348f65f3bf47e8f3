/** Reads strings out of manifests in TOML or INI, which is all the project's facts need. */

/** `section.key` to the value as written; arrays and tables over several lines are joined. */
export type Settings = ReadonlyMap<string, string>;

const MAX_LINES = 5_000;

/** Reads sections and keys; what it does not understand it leaves out. */
export function readSettings(text: string): Settings {
  const settings = new Map<string, string>();
  let section = "";
  let open: { key: string; value: string } | undefined;
  for (const raw of text.split(/\r?\n/).slice(0, MAX_LINES)) {
    const line = raw.trim();
    if (open !== undefined) {
      open.value += ` ${line}`;
    } else {
      const header = /^\[\[?([^[\]]+)\]\]?$/.exec(line);
      if (header?.[1] !== undefined) section = header[1].trim();
      const pair = header === null ? /^([\w.-]+|"[^"]*")\s*=\s*(.*)$/.exec(line) : null;
      if (pair === null) continue;
      open = { key: `${section}.${(pair[1] ?? "").replaceAll('"', "")}`, value: pair[2] ?? "" };
    }
    if (isOpen(open.value)) continue;
    if (!settings.has(open.key)) settings.set(open.key, open.value);
    open = undefined;
  }
  return settings;
}

/** True while more brackets were opened than closed; counted without strings, and given up on when long. */
function isOpen(value: string): boolean {
  if (value.length > 20_000) return false;
  const bare = value.replace(/"[^"]*"|'[^']*'/g, "");
  return (bare.match(/[[{]/g)?.length ?? 0) > (bare.match(/[\]}]/g)?.length ?? 0);
}

/** The string a value is; undefined for other types. */
export function stringOf(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const match = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)')/.exec(value.trim());
  const text = match?.[1]?.replace(/\\(["\\])/g, "$1") ?? match?.[2];
  return text === undefined || text.trim() === "" ? undefined : text;
}

/** The first author's name in `[{ name = "A", email = "b" }]` or `["A <b>"]`. */
export function firstAuthor(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const named = /\bname\s*=\s*"([^"]{1,200})"/.exec(value)?.[1];
  if (named !== undefined) return named;
  if (value.includes("{")) return undefined;
  return withoutEmail(/["']([^"']{1,200})["']/.exec(value)?.[1]);
}

/** `A <b@c> (d)` → `A`. */
export function withoutEmail(author: string | undefined): string | undefined {
  const name = author?.split(/[<(]/)[0]?.trim();
  return name === undefined || name === "" || name.includes("@") ? undefined : name;
}
