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

const schema = z.strictObject({ setup_command: command.optional(), test_command: command.optional() });
export type SettingsFile = z.infer<typeof schema>;

/** The settings, or a sentence that says what is wrong with them. */
export function readSettingsFile(bytes: Uint8Array): SettingsFile | string {
  if (bytes.byteLength > LARGEST) return wrong(`it has more than ${LARGEST} bytes`);
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // Anchors have no use here, and can make much out of little.
    value = parse(text, { maxAliasCount: 0, logLevel: "error" });
  } catch {
    return wrong("it is not YAML");
  }
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === "unrecognized_keys") {
    return wrong(
      `it takes setup_command and test_command, not ${JSON.stringify(issue.keys[0]?.slice(0, 50))}`,
    );
  }
  const where = issue?.path.join(".") ?? "";
  return wrong(where === "" ? "it is not a mapping" : `${where} ${issue?.message ?? "is wrong"}`);
}

function wrong(why: string): string {
  return `${SETTINGS_FILE} was left alone: ${why}.`;
}
