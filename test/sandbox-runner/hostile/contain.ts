/** Runs a hostile program in a sandbox of its own, and tells what was not as it has to be. */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { ChangesManifest, ExecEnd, RunnerErrorCode } from "../../../src/sandbox/wire.ts";
import type { ExecResult, Files, RunnerClient } from "../../support/sandbox-runner.ts";
import { ESCAPED, type HostileProgram, START } from "./program.ts";

const TIMEOUT_SECONDS = 20;
const SHOWN_OUTPUT = 600;
/** By this, processes that a command left behind are known. */
const MARK = "HOSTILE_MARK=1";

/** The next job: does it start, compute and say so, does anything of the last one run, is the place for files there? */
const NEXT_JOB = `
for process in /proc/[0-9]*; do
  grep -qsz '^${MARK}' "$process/environ" && echo "left behind: $(tr '\\0' ' ' <"$process/cmdline")"
done
cd /workspace && echo $((6 * 7))`;
const NEXT_OUTPUT = "42\n";
/** Long enough for most programs to be at the worst of it. */
const MIDWAY_MS = 700;

export interface Containment {
  /** Sentences. */
  readonly problems: readonly string[];
  /** From the moment its time was over to the event that says so; for programs that were stopped. */
  readonly stopMs: number | undefined;
  /** From the request to destroy the sandbox to the answer. */
  readonly destroyMs: number;
}

/** `port` is the runner's. */
export async function contain(
  client: RunnerClient,
  program: HostileProgram,
  port: number,
): Promise<Containment> {
  const { id } = await client.create("docker", filesOf(program, port));
  const seconds = program.timeout ?? TIMEOUT_SECONDS;
  try {
    const { command } = START[program.language];
    const ran = await ended(client, id, `export ${MARK}; ${command}`, seconds);
    // A command that had to be stopped may have cost the sandbox.
    const mayEnd = program.sandbox === "either" || ran.end.ending === "timed_out";
    const problems = [...wrongEnd(program, ran), ...(await wrongAfterwards(client, id, program, mayEnd))];
    const stopMs = ran.end.ending === "timed_out" ? ran.end.duration_ms - seconds * 1000 : undefined;
    return { problems, stopMs, destroyMs: await timed(() => client.destroy(id)) };
  } catch (error) {
    await client.destroy(id);
    throw error;
  }
}

/** Starts the program once more, and ends the sandbox under it: milliseconds from the request to the answer. */
export async function killMidway(
  client: RunnerClient,
  program: HostileProgram,
  port: number,
): Promise<number> {
  const { id } = await client.create("docker", filesOf(program, port));
  const { command } = START[program.language];
  const running = client.exec(id, command).catch(() => undefined);
  await sleep(MIDWAY_MS);
  const ms = await timed(() => client.destroy(id));
  await running;
  return ms;
}

function filesOf(program: HostileProgram, port: number): Files {
  const source = program.source.replaceAll("@RUNNER_PORT@", String(port));
  return { ...program.files, [START[program.language].file]: source };
}

interface Ran {
  /** Standard output, then standard error. */
  readonly output: string;
  readonly end: ExecEnd;
}

async function ended(client: RunnerClient, id: string, command: string, seconds: number): Promise<Ran> {
  const { stdout, stderr, end }: ExecResult = await client.exec(id, { command, timeout_seconds: seconds });
  if (end.type === "error") throw new Error(`${FAILED}${end.code}, ${end.message}`);
  return { output: stdout + stderr, end };
}

async function timed(act: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

function wrongEnd(program: HostileProgram, { output, end }: Ran): readonly string[] {
  const problems: string[] = [];
  if (!program.ends.includes(end.ending)) problems.push(`it ended ${end.ending}`);
  const { exitCodes } = program;
  if (end.ending === "exited" && exitCodes !== undefined && !exitCodes.some((code) => code === end.exit_code))
    problems.push(`its exit code was ${end.exit_code}`);
  if (end.truncated !== (end.ending === "output_limit")) problems.push(`truncated was ${end.truncated}`);
  if (ESCAPED.test(output)) problems.push("it got through");
  if (end.ending !== "sandbox_lost" && program.says?.test(output) === false)
    problems.push("it did not say what it has to");
  if (program.neverSays?.test(output) === true) problems.push("it said what it must not");
  if (problems.length > 0) problems.push(`its output: ${JSON.stringify(output.slice(0, SHOWN_OUTPUT))}`);
  return problems;
}

async function wrongAfterwards(
  client: RunnerClient,
  id: string,
  program: HostileProgram,
  mayEnd: boolean,
): Promise<readonly string[]> {
  try {
    const { output, end } = await ended(client, id, NEXT_JOB, TIMEOUT_SECONDS);
    const { ending, exit_code } = end;
    const well = ending === "exited" && exit_code === 0 && output === NEXT_OUTPUT;
    const spared = mayEnd && (ending === "out_of_memory" || ending === "sandbox_lost");
    const problems =
      well || spared ? [] : [`the next job ended ${ending}, ${exit_code}: ${JSON.stringify(output)}`];
    return [...problems, ...(await wrongChanges(client, id, program))];
  } catch (error) {
    if (mayEnd && isRefusal(error, "sandbox_lost")) return [];
    return [`afterwards: ${error}`];
  }
}

async function wrongChanges(
  client: RunnerClient,
  id: string,
  { changes }: HostileProgram,
): Promise<readonly string[]> {
  if (changes === undefined) return [];
  try {
    const { contents, ...manifest } = await client.changes(id);
    if (typeof changes === "string")
      return [`reading back went through: ${JSON.stringify(manifest).slice(0, SHOWN_OUTPUT)}`];
    const problems = (Object.keys(changes) as (keyof ChangesManifest)[]).flatMap((key) =>
      isDeepStrictEqual(sorted(manifest[key]), sorted(changes[key] ?? []))
        ? []
        : [`${key} is ${JSON.stringify(manifest[key]).slice(0, SHOWN_OUTPUT)}`],
    );
    const passwords = Object.values(contents).some((text) => text.includes("root:x:0:0"));
    return passwords ? [...problems, "a file from outside came with it"] : problems;
  } catch (error) {
    if (typeof changes === "string" && isRefusal(error, changes)) return [];
    throw error;
  }
}

/** As an answer, which the client's errors hold as text, or at the end of a command's events. */
function isRefusal(error: unknown, code: RunnerErrorCode): boolean {
  if (!(error instanceof Error)) return false;
  return error.message.includes(`"code":"${code}"`) || error.message.startsWith(`${FAILED}${code}`);
}

const FAILED = "the runner failed: ";

function sorted(items: ChangesManifest[keyof ChangesManifest]): readonly string[] {
  return items.map((item) => JSON.stringify(item)).toSorted();
}
