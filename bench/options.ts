/** The bench's command line. */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { RECIPES, type Recipe, recipeOfPath } from "./repositories.ts";

export interface Options {
  readonly recipes: readonly Recipe[];
  /** As asked for; `roundsFor` says how many a repository gets otherwise. */
  readonly rounds: number | undefined;
  readonly isomorphic: boolean;
  readonly phases: boolean;
  readonly verdict: boolean;
  readonly folder: string;
  readonly json: string | undefined;
  readonly help: boolean;
}

export const USAGE = `npm run bench -- [options]

  --only NAME     only this repository; may be repeated (${RECIPES.map(({ name }) => name).join(", ")})
  --quick         leave out the repositories of more than 20,000 files
  --repo PATH     add a repository on disk, bare or not; may be repeated
  --rounds N      measured rounds for each repository, after one that is not measured
  --no-isomorphic leave out isomorphic-git, the slowest of the four
  --phases        also show where the service's time goes, request by request
  --no-verdict    report, and end with 0 whatever the figures are
  --folder PATH   where the native pipeline makes its clones (the system's temporary folder)
  --json FILE     write every sample to a file
`;

/** Repositories where one run of every contender takes a minute. */
const SLOW = new Set(["mui-icons", "generated-100k"]);

/** Throws a sentence for an option that is not there or has no use. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      only: { type: "string", multiple: true, default: [] },
      quick: { type: "boolean", default: false },
      repo: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      isomorphic: { type: "boolean", default: true },
      phases: { type: "boolean", default: false },
      verdict: { type: "boolean", default: true },
      folder: { type: "string", default: tmpdir() },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new Error(`--rounds takes a whole number above 0, not ${values.rounds}`);
  }
  const unknown = values.only.find((name) => !RECIPES.some((recipe) => recipe.name === name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there is no such repository`);
  const shipped = RECIPES.filter(({ name }) =>
    values.only.length > 0
      ? values.only.includes(name)
      : values.repo.length === 0 && !(values.quick && SLOW.has(name)),
  );
  return {
    recipes: [...shipped, ...values.repo.map(recipeOfPath)],
    rounds,
    isomorphic: values.isomorphic,
    phases: values.phases,
    verdict: values.verdict,
    folder: values.folder,
    json: values.json,
    help: values.help,
  };
}

/** Few where a round takes long; there, noise is a small part of each. */
export function roundsFor(files: number): number {
  return files > 20_000 ? 3 : 7;
}
