/** Reads `.tiny-backspace.yml`, in which a repository says how it is tested. */
import { parse } from "yaml";
import * as z from "zod";

export const SETTINGS_FILE = ".tiny-backspace.yml";

/** Bytes. */
const LARGEST = 65_536;
const LONGEST_COMMAND = 10_000;

const command = z
  .string("must be a text")
  .trim()
  .min(1, "is empty")
  .max(LONGEST_COMMAND, `is longer than ${LONGEST_COMMAND} characters`)
  .refine((text) => !text.includes("\0"), "has a NUL in it");

const KEYS = ["setup_command", "test_command"] as const;
const schema = z.record(z.string(), z.unknown());

export type SettingsFile = { readonly [key in (typeof KEYS)[number]]?: string };

export interface ReadSettings {
  /** What is right. A key without a value is left out. */
  readonly settings: SettingsFile;
  /** Sentences: what was left alone, and why. */
  readonly problems: readonly string[];
}

export function readSettingsFile(bytes: Uint8Array): ReadSettings {
  if (bytes.byteLength > LARGEST) return nothing(`it has more than ${LARGEST} bytes`);
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // Anchors have no use here, and can make much out of little.
    value = parse(text, { maxAliasCount: 0, logLevel: "error" });
  } catch {
    return nothing("it is not YAML");
  }
  const { data } = schema.safeParse(value ?? {});
  if (data === undefined) return nothing("it is not a mapping");
  const settings: { -readonly [key in keyof SettingsFile]: SettingsFile[key] } = {};
  const problems: string[] = [];
  for (const key of KEYS) {
    const said = command.nullish().safeParse(data[key]);
    if (!said.success)
      problems.push(
        `${SETTINGS_FILE}: ${key} ${said.error.issues[0]?.message ?? "is wrong"}; it was left alone.`,
      );
    else if (typeof said.data === "string") settings[key] = said.data;
  }
  const [unknown, ...more] = Object.keys(data).filter((key) => !KEYS.some((known) => known === key));
  if (unknown !== undefined) {
    const others = more.length === 0 ? " was" : ` and ${more.length} more were`;
    problems.push(
      `${SETTINGS_FILE} takes setup_command and test_command: ${JSON.stringify(unknown.slice(0, 50))}${others} left alone.`,
    );
  }
  return { settings, problems };
}

function nothing(why: string): ReadSettings {
  return { settings: {}, problems: [`${SETTINGS_FILE} was left alone: ${why}.`] };
}
