/** The parts of GitHub's answers that are used, checked before anything relies on them. */
import * as z from "zod";
import type { RepoRef } from "./forge.ts";

const fullName = z
  .string()
  .regex(/^[\w.-]+\/(?!\.{1,2}$)[\w.-]+$/)
  .transform((name): RepoRef => {
    const slash = name.indexOf("/");
    return { owner: name.slice(0, slash), name: name.slice(slash + 1) };
  });

const relative = z.object({ full_name: fullName }).nullish();

/** `full-repository` in GitHub's OpenAPI description. */
export const repositoryAnswer = z.object({
  full_name: fullName,
  html_url: z.url(),
  default_branch: z.string().min(1),
  archived: z.boolean(),
  private: z.boolean(),
  fork: z.boolean(),
  size: z.number().nonnegative(),
  allow_forking: z.boolean().optional(),
  permissions: z.object({ push: z.boolean() }).optional(),
  parent: relative,
  source: relative,
});
export type RepositoryAnswer = z.infer<typeof repositoryAnswer>;

/** `pull-request` and `pull-request-simple`. */
export const pullAnswer = z.object({
  number: z.number().int().positive(),
  html_url: z.url(),
  title: z.string(),
  body: z.string().nullable(),
  state: z.enum(["open", "closed"]),
  draft: z.boolean().optional(),
  merged_at: z.string().nullable(),
  head: z.object({ ref: z.string(), repo: z.object({ full_name: z.string() }).nullable() }),
  base: z.object({ ref: z.string() }),
});
export type PullAnswer = z.infer<typeof pullAnswer>;

export const pullsAnswer = z.array(pullAnswer);

/** `merged-upstream`. */
export const mergedAnswer = z.object({ merge_type: z.string().optional() });

/** True when both name the same repository: GitHub compares owners and names without case. */
export function isSameRepository(a: RepoRef, b: RepoRef): boolean {
  return fullNameOf(a).toLowerCase() === fullNameOf(b).toLowerCase();
}

export function fullNameOf({ owner, name }: RepoRef): string {
  return `${owner}/${name}`;
}
