/** Names commands in sentences, so short that the rest of the sentence is read too. */
import { cut } from "../../forge/markdown.ts";
import { hideSecrets } from "../../secrets/hide-secrets.ts";
import type { RunState } from "../state.ts";

/** Characters; what a command holds beyond that stands elsewhere, whole. */
const LONGEST = 100;

/** The command's first line in quotes. Secrets go before it is cut: half of one is not found any more. */
export async function named({ deps }: Pick<RunState, "deps">, command: string): Promise<string> {
  const [first = "", ...more] = (await hideSecrets(deps.redact(command))).trim().split(/\r?\n/);
  return JSON.stringify(cut(more.length === 0 ? first : `${first} …`, LONGEST));
}
