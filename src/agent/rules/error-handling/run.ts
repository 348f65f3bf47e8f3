/** Carries out "add error handling": picks files, transforms them one by one, and reports what was and was not done. */
import type { AgentEvent, AgentTask } from "../../agent.ts";
import { already, failed, type RuleOutcome, type RuleRun } from "../rule.ts";
import { describePlace, type Resolved, resolveScope } from "../scope.ts";
import { attempt, perform, skipped } from "../steps.ts";
import { count, listed, quote, subject } from "../wording.ts";
import { byImportance, isLeftOut, languageOf, shadowsLogging, whySkipContent, wrapFile } from "./files.ts";
import type { LeftFunction } from "./syntax.ts";
import type { ErrorHandlingTarget } from "./target.ts";

/** One prompt changes at most what a person can still review. */
const MAX_FILES = 200;
const BATCH = 50;
const LANGUAGES = {
  python: "Python",
  script: "JavaScript or TypeScript",
  any: "Python, JavaScript or TypeScript",
} as const;

interface Done {
  readonly wrapped: { readonly path: string; readonly functions: readonly string[] }[];
  readonly left: (LeftFunction & { readonly path: string })[];
  /** Files that were not changed although they were looked at or for, each with its reason. */
  readonly skipped: string[];
}

/** Adds error handling to the target. */
export async function* addErrorHandling(task: AgentTask, target: ErrorHandlingTarget): RuleRun {
  const resolved = await resolveScope(task.workspace, target.scope);
  if (resolved.missing.length > 0) return failed(resolved.missing.join(" "));
  const candidates = yield* candidatesOf(task, target, resolved);
  if (!candidates.ok) return failed(candidates.reason);
  const chosen = candidates.paths.slice(0, MAX_FILES);
  const done: Done = { wrapped: [], left: [], skipped: [] };
  const all = new Set((await task.workspace.list()).map((entry) => entry.path));
  for (let at = 0; at < chosen.length; at += BATCH) {
    const batch = chosen.slice(at, at + BATCH);
    task.signal.throwIfAborted();
    const fetched = await attempt(() => task.workspace.prefetch(batch));
    if (!fetched.ok) return failed(fetched.reason);
    for (const path of batch) yield* wrapOne(task, path, target, all, done);
  }
  return conclude(target, done, candidates.paths.length);
}

type Candidates =
  | { readonly ok: true; readonly paths: readonly string[] }
  | { readonly ok: false; readonly reason: string };

async function* candidatesOf(
  task: AgentTask,
  target: ErrorHandlingTarget,
  { files, named }: Resolved,
): AsyncGenerator<AgentEvent, Candidates> {
  const eligible = files
    .map((file) => file.path)
    .filter((path) => {
      const language = languageOf(path);
      if (language === undefined || (target.language !== undefined && target.language !== language))
        return false;
      return named.has(path) || !isLeftOut(path);
    })
    .toSorted(byImportance);
  if (eligible.length === 0) {
    return {
      ok: false,
      reason: `There is no ${LANGUAGES[target.language ?? "any"]} source to change in ${describePlace(target.scope)}.`,
    };
  }
  if (target.names === undefined || eligible.length <= BATCH) return { ok: true, paths: eligible };
  return yield* holding(task, target.names, eligible);
}

/** Of many files, those that mention one of the names: one search instead of reading them all. */
async function* holding(
  task: AgentTask,
  names: readonly string[],
  paths: readonly string[],
): AsyncGenerator<AgentEvent, Candidates> {
  const found = new Set<string>();
  for (const name of names) {
    const query = name.slice(name.lastIndexOf(".") + 1);
    const result = yield* perform(task, {
      name: "search_files",
      input: { query },
      message: `Search for ${query}`,
      act: () =>
        task.workspace.search({ query, glob: "**/*.{py,js,mjs,cjs,jsx,ts,mts,cts,tsx}", maxMatches: 20_000 }),
      output: ({ matches }) => `Found ${count(matches.length, "matching line")}.`,
    });
    if (!result.ok) return result;
    if (result.value.truncated) return { ok: true, paths };
    for (const match of result.value.matches) found.add(match.path);
  }
  return { ok: true, paths: paths.filter((path) => found.has(path)) };
}

async function* wrapOne(
  task: AgentTask,
  path: string,
  { names }: ErrorHandlingTarget,
  all: ReadonlySet<string>,
  done: Done,
): AsyncGenerator<AgentEvent, void> {
  const skip = (reason: string): AgentEvent => {
    done.skipped.push(`${path} was left alone: ${reason}.`);
    return skipped(path, reason);
  };
  task.signal.throwIfAborted();
  const text = await attempt(() => task.workspace.readText(path));
  if (!text.ok) return yield skip(text.reason.replace(/\.$/, ""));
  const unfit = whySkipContent(text.value);
  if (unfit !== undefined) return yield skip(unfit);
  const result = wrapFile(path, text.value, names === undefined ? undefined : new Set(names));
  if (result.kind === "skipped") return yield skip(result.reason);
  if (names !== undefined) done.left.push(...result.left.map((one) => ({ ...one, path })));
  if (result.kind === "nothing") return;
  if (languageOf(path) === "python" && shadowsLogging(path, all)) {
    return yield skip("a module named logging in the repository hides Python's own");
  }
  const edit = yield* perform(task, {
    name: "edit_file",
    input: { path, functions: listed(result.functions, 10) },
    message: `Add error handling to ${path}`,
    act: () => task.workspace.write(path, result.source),
    output: () => `Wrapped ${count(result.functions.length, "function")}.`,
  });
  if (edit.ok) done.wrapped.push({ path, functions: result.functions });
  else yield skip(edit.reason.replace(/\.$/, ""));
}

function conclude(target: ErrorHandlingTarget, done: Done, candidates: number): RuleOutcome {
  const left = done.left.map(({ name, path, reason }) => `${name} in ${path} ${reason}.`);
  if (done.wrapped.length === 0) return nothing(target, left, done.skipped);
  const total = done.wrapped.reduce((sum, { functions }) => sum + functions.length, 0);
  const [first] = done.wrapped;
  const where = done.wrapped.length === 1 ? (first?.path ?? "") : count(done.wrapped.length, "file");
  const what = total === 1 ? (first?.functions[0] ?? "") : count(total, "function");
  const shown = done.wrapped.slice(0, 20).map(({ path, functions }) => `${path}: ${listed(functions, 8)}.`);
  return {
    status: "edited",
    title: subject(`Add error handling to ${what} in ${where}`),
    summary: [
      `Added error handling to ${count(total, "function")} in ${count(done.wrapped.length, "file")}: an error is logged with the function's name and raised again, so callers see what they saw before.`,
      ...shown,
      ...(done.wrapped.length > shown.length
        ? [`And ${count(done.wrapped.length - shown.length, "more file")}.`]
        : []),
      ...left.slice(0, 10),
      ...done.skipped.slice(0, 10),
      ...(candidates > MAX_FILES
        ? [
            `Only the first ${MAX_FILES} of ${candidates} files were looked at; name a folder to go on with the rest.`,
          ]
        : []),
    ],
  };
}

function nothing(
  target: ErrorHandlingTarget,
  left: readonly string[],
  skips: readonly string[],
): RuleOutcome {
  const where = describePlace(target.scope);
  const reasons = [...left.slice(0, 5), ...skips.slice(0, 5)].join(" ");
  if (target.names !== undefined && left.length === 0) {
    const names = listed(target.names.map((name) => quote(name)));
    return failed([`There is no function ${names} in ${where}.`, reasons].join(" ").trim());
  }
  if (skips.length > 0 || left.length > 0) return already(`Nothing was changed in ${where}. ${reasons}`);
  return already(`Every function in ${where} handles errors already or does nothing that can fail.`);
}
