/** Names the branch a run pushes, so that people can tell what it is for and git always accepts it. */
import { ServiceError } from "../errors.ts";

const PREFIX = "tiny-backspace";
const MAX_SLUG = 40;

/**
 * `tiny-backspace/<slug>-<id>`: the slug is the prompt's first 40 characters in ASCII letters,
 * digits and single hyphens (`change` when nothing is left), the id a random 4 to 16 characters of
 * base 36 that keep runs with one prompt apart. Every result passes `git check-ref-format`.
 *
 * Errors: `internal` for an id of another form.
 */
export function branchName(prompt: string, id: string): string {
  if (!/^[a-z0-9]{4,16}$/.test(id)) {
    throw new ServiceError("internal", "A branch's id is 4 to 16 characters of base 36.");
  }
  return `${PREFIX}/${slug(prompt)}-${id}`;
}

function slug(prompt: string): string {
  const ascii = prompt
    // a prompt may be long; decomposed, a character becomes at most 18
    .slice(0, 1000)
    .toWellFormed()
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "");
  return ascii.slice(0, MAX_SLUG).replace(/-$/, "") || "change";
}
