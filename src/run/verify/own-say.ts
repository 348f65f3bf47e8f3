/** Says where a change, or the runs before it, may have had a say in how it is checked. */
import type { RunState } from "../state.ts";
import { named } from "./named.ts";

/** What a command is made of, and the files that say what that does. */
const SAYS_HOW: readonly (readonly [command: RegExp, path: RegExp])[] = [
  [/\b(?:npm|npx|pnpm|yarn|bun)\b/, /^package\.json$/],
  [/\bmake\b/, /^(?:GNUm|M|m)akefile$/],
  [
    /\b(?:pytest|tox|nox)\b/,
    /^(?:\.?pytest\.(?:ini|toml)|pyproject\.toml|setup\.cfg|tox\.ini|noxfile\.py|(?:.*\/)?conftest\.py)$/,
  ],
  [/\bcargo\b/, /^(?:Cargo\.toml|build\.rs)$/],
];
const MOST_NAMED = 5;

/** Sentences. The command itself is never the change's own, but what it does may be. */
export async function ownSay(state: RunState, command: string): Promise<readonly string[]> {
  const { facts, request } = state;
  const words = new Set(command.split(/[\s;&|()<>"'=]+/).map((word) => word.replace(/^\.\//, "")));
  const says = (path: string): boolean =>
    words.has(path) || SAYS_HOW.some(([runs, file]) => runs.test(command) && file.test(path));
  const paths = facts.changes.flatMap(({ path, from }) => [path, ...(from === undefined ? [] : [from])]);
  const touched = paths.filter(says);
  const shown = touched.slice(0, MOST_NAMED).map((path) => JSON.stringify(path));
  const more = touched.length > MOST_NAMED ? ` and ${touched.length - MOST_NAMED} more` : "";
  const ofBranch = request.continues !== undefined && request.test_command === undefined;
  return [
    ...(touched.length === 0
      ? []
      : [
          `This change touches ${shown.join(", ")}${more}, which can change what ${await named(state, command)} does.`,
        ]),
    ...(ofBranch ? ["What checks it was read from the branch, as earlier runs left it."] : []),
  ];
}
