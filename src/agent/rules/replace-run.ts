/** Carries out a literal replacement over files, byte for byte where nothing matches. */
import type { Workspace } from "../../workspace/workspace.ts";
import type { AgentEvent, AgentTask } from "../agent.ts";
import { isAscii, replaceBytes, textKind } from "./bytes.ts";
import { extension } from "./paths.ts";
import { failed, type RuleOutcome, type RuleRun } from "./rule.ts";
import { describePlace, describeScope, type Resolved, resolveScope, type Scope } from "./scope.ts";
import { attempt, perform, preview, skipped } from "./steps.ts";
import { count, listed, quote, subject } from "./wording.ts";

export interface Replacement {
  readonly from: string;
  readonly to: string;
  readonly scope: Scope;
  readonly wholeWord: boolean;
}

/** Files read ahead with one request; bounds what is in memory at once. */
const BATCH = 100;
const MAX_MATCHES = 20_000;
/** Up to this many files are read without a search before. */
const FEW = 20;
const BINARY_EXTENSIONS = new Set(
  "avi avif bin flac h5 heic jp2 mkv npz psd pt rar tar png jpg jpeg gif webp ico bmp tiff pdf zip gz tgz bz2 xz zst 7z jar war class exe dll so dylib a o wasm woff woff2 ttf otf eot mp3 mp4 wav ogg webm mov avi sqlite db pyc parquet npy pt onnx".split(
    " ",
  ),
);

interface Tally {
  readonly path: string;
  readonly replaced: number;
}

/** Replaces in every file of the scope; `failed` when the text is nowhere in it. */
export async function* applyReplacement(task: AgentTask, replacement: Replacement): RuleRun {
  const resolved = await resolveScope(task.workspace, replacement.scope);
  if (resolved.missing.length > 0) return failed(resolved.missing.join(" "));
  const candidates = yield* shortlist(task, replacement, resolved);
  if (!candidates.ok) return failed(candidates.reason);
  const tallies: Tally[] = [];
  for (let at = 0; at < candidates.paths.length; at += BATCH) {
    const batch = candidates.paths.slice(at, at + BATCH);
    task.signal.throwIfAborted();
    const fetched = await attempt(() => task.workspace.prefetch(batch));
    if (!fetched.ok) return failed(fetched.reason);
    for (const path of batch) {
      const replaced = yield* replaceIn(task, path, replacement, resolved.named.has(path));
      if (replaced > 0) tallies.push({ path, replaced });
    }
  }
  if (tallies.length === 0) return failed(await notFound(task.workspace, replacement, resolved));
  return outcome(replacement, tallies);
}

type Shortlist =
  | { readonly ok: true; readonly paths: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** The files that hold the text, found by one search instead of reading them all. */
async function* shortlist(
  task: AgentTask,
  { from, to, scope }: Replacement,
  { files }: Resolved,
): AsyncGenerator<AgentEvent, Shortlist> {
  const all = files.map((file) => file.path);
  if (all.length <= FEW) return { ok: true, paths: all };
  const found = new Set<string>();
  // Any part of the text will do to find the files; searches bound the length of their query.
  const query = longestLine(from).slice(0, 200);
  if (query === "") return { ok: true, paths: all };
  const bytewise = isAscii(from) && isAscii(to);
  for (const path of scope.paths.length === 0 ? [undefined] : scope.paths) {
    const where = {
      ...(path === undefined ? {} : { path }),
      ...(scope.globs.length === 0 ? {} : { glob: scope.globs }),
    };
    const result = yield* perform(task, {
      name: "search_files",
      input: { query: preview(query), ...where },
      message: `Search ${describeScope(scope)} for ${quote(query, 40)}`,
      act: () => task.workspace.search({ query, ...where, maxMatches: MAX_MATCHES }),
      output: ({ matches }) =>
        `Found ${count(matches.length, "matching line")} in ${count(new Set(matches.map((m) => m.path)).size, "file")}.`,
    });
    if (!result.ok) return result;
    if (result.value.truncated) return { ok: true, paths: all };
    for (const match of result.value.matches) found.add(match.path);
    for (const file of result.value.skipped) {
      if (file.reason === "too_large") yield skipped(file.path, "it is too large to search");
      else if (bytewise && !BINARY_EXTENSIONS.has(extension(file.path))) found.add(file.path);
    }
  }
  return { ok: true, paths: all.filter((path) => found.has(path)) };
}

function longestLine(text: string): string {
  return text.split(/\r?\n/).reduce((longest, line) => (line.length > longest.length ? line : longest), "");
}

/** Replaces in one file and answers how often. */
async function* replaceIn(
  task: AgentTask,
  path: string,
  replacement: Replacement,
  named: boolean,
): AsyncGenerator<AgentEvent, number> {
  const { from, to, wholeWord } = replacement;
  const content = await attempt(() => task.workspace.read(path));
  if (!content.ok) {
    yield skipped(path, content.reason.replace(/\.$/, ""));
    return 0;
  }
  const kind = textKind(content.value);
  const bytewise = isAscii(from) && isAscii(to);
  if (kind === "binary" || (kind === "other_text" && !bytewise)) {
    const relevant = named || (kind === "other_text" && isAscii(from) && holds(content.value, replacement));
    const reason = kind === "binary" ? "it is binary" : "it is not UTF-8 and the new text is not plain ASCII";
    if (relevant) yield skipped(path, reason);
    return 0;
  }
  const edited = replaceText(content.value, from, to, wholeWord);
  if (edited.count === 0) return 0;
  const done = yield* perform(task, {
    name: "edit_file",
    input: { path, search: preview(from), replacement: preview(to) },
    message: `Edit ${path}`,
    act: () => task.workspace.write(path, edited.bytes),
    output: () => `Replaced ${count(edited.count, "occurrence")}.`,
  });
  if (done.ok) return edited.count;
  yield skipped(path, done.reason.replace(/\.$/, ""));
  return 0;
}

function holds(bytes: Uint8Array, { from, wholeWord }: Replacement): boolean {
  return replaceText(bytes, from, "", wholeWord).count > 0;
}

/** Line breaks in either text are taken to be the file's own, so that a CRLF file stays one. */
function replaceText(bytes: Uint8Array, from: string, to: string, wholeWord: boolean) {
  const encoder = new TextEncoder();
  const run = (search: string, replacement: string) =>
    replaceBytes(bytes, {
      search: encoder.encode(search),
      replacement: encoder.encode(replacement),
      wholeWord,
    });
  const line = bytes.indexOf(0x0a);
  const crlf = line > 0 && bytes[line - 1] === 0x0d;
  if (!crlf) return run(from, to);
  const native = run(withCrlf(from), withCrlf(to));
  return native.count > 0 ? native : run(from, to);
}

function withCrlf(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll("\n", "\r\n");
}

async function notFound(
  workspace: Workspace,
  replacement: Replacement,
  { files }: Resolved,
): Promise<string> {
  const where = describePlace(replacement.scope);
  const sentence = `${quote(replacement.from)} does not occur in ${where}.`;
  const [only, second] = files;
  if (only === undefined || second !== undefined) return sentence;
  const text = await attempt(() => workspace.readText(only.path));
  const near = text.ok ? nearestLine(text.value, replacement.from) : undefined;
  return near === undefined
    ? sentence
    : `${sentence} The nearest is line ${near.line}: ${quote(near.text, 120)}.`;
}

/** The line that is the same but for letter case and white space. */
function nearestLine(text: string, from: string): { line: number; text: string } | undefined {
  const loose = (value: string): string => value.toLowerCase().replace(/\s+/g, "");
  const wanted = loose(longestLine(from));
  if (wanted === "") return undefined;
  const lines = text.split("\n");
  const index = lines.findIndex((line) => loose(line).includes(wanted));
  return index === -1 ? undefined : { line: index + 1, text: lines[index] ?? "" };
}

function outcome({ from, to, scope, wholeWord }: Replacement, tallies: readonly Tally[]): RuleOutcome {
  const total = tallies.reduce((sum, tally) => sum + tally.replaced, 0);
  const what = `${count(total, wholeWord ? "whole-word occurrence" : "occurrence")} of ${quote(from)}`;
  const where = `in ${count(tallies.length, "file")}: ${listed(
    tallies.map(({ path, replaced }) => `${path} (${replaced})`),
    10,
  )}`;
  const place = tallies.length === 1 ? (tallies[0]?.path ?? "") : describeScope(scope);
  const removed = to === "";
  return {
    status: "edited",
    title: removed
      ? subject(`Remove ${quote(from, 24)} from ${place}`)
      : subject(`Replace ${quote(from, 20)} with ${quote(to, 20)} in ${place}`),
    summary: [removed ? `Removed ${what} ${where}.` : `Replaced ${what} with ${quote(to)} ${where}.`],
  };
}
