/** One invocation: unpack into a fresh folder, run, send output as it comes, then what was changed; leave nothing behind. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { createGunzip } from "node:zlib";
import { encodeTar } from "../src/archive/encode-tar.ts";
import { readFiles } from "../src/archive/read-files.ts";
import { type FrameKind, type Invocation, invocationSchema, MAX_FRAME_BYTES } from "../src/aws/invocation.ts";
import type { CommandEnd } from "../src/backend.ts";
import { RunnerError } from "../src/errors.ts";
import { createFolderWorkspace, type FolderWorkspace } from "../src/folder/workspace.ts";
import type { Place } from "../src/process/launch.ts";
import { runCommand } from "../src/process/run-command.ts";
import { batches } from "./batches.ts";
import { createFunctionLaunch } from "./launch.ts";
import type { ProcessGuard } from "./process-guard.ts";
import { withinLimit } from "./within-limit.ts";

export interface InvocationOptions {
  readonly guard: ProcessGuard;
  /** Until Lambda ends the invocation. */
  readonly remainingMs: number;
  /** Settles when more can be sent. */
  send(kind: FrameKind, data: Uint8Array | string): Promise<void>;
}

const execute = promisify(execFile);

/** For collecting what was changed, before Lambda's own timeout. */
const AFTER_COMMAND_MS = 20_000;
/** A command that writes this many times what is sent is ended: it only costs. */
const OUTPUT_LIMIT_FACTOR = 64;
const TAR_FRAME_BYTES = 65_536;

/** Never rejects for what a command did. False when something of it may be left in this environment. */
export async function runInvocation(event: unknown, options: InvocationOptions): Promise<boolean> {
  const { guard } = options;
  const send = withinLimit(options.send);
  // Also what Lambda itself has ended last time left something.
  if (!(await guard.endOthers()) || !(await isEmptied(tmpdir()))) return false;
  try {
    await run(event, { ...options, send });
  } catch (error) {
    await sendError(send, error, "The function could not run the command.");
  }
  return (await guard.endOthers()) && (await isEmptied(tmpdir()));
}

async function run(event: unknown, { guard, remainingMs, send }: InvocationOptions): Promise<void> {
  const parsed = invocationSchema.safeParse(event);
  if (!parsed.success) {
    throw new RunnerError(
      "provider_unavailable",
      "The Lambda function is of another version than the runner: deploy the one that belongs to it.",
    );
  }
  const invocation = parsed.data;
  const place = await makePlace();
  const { archive, changedBytes } = invocation;
  const workspace = createFolderWorkspace(place.workspace, { ...archive, totalBytes: changedBytes });
  const never = new AbortController().signal;
  const tar = Readable.from([Buffer.from(invocation.files, "base64")]).pipe(createGunzip());
  await workspace.put({ removed: [], files: readFiles(tar, archive) }, never);
  const timeoutMs = Math.max(1, Math.min(invocation.timeoutMs, remainingMs - AFTER_COMMAND_MS));
  const killsBefore = oomKills();
  const end = await runAndSend({ ...invocation, timeoutMs }, place, guard, send);
  // What wrote to the folders it could still write to.
  if (!(await guard.endOthers())) process.exit(1);
  await sendChanges(workspace, send).catch((error: unknown) =>
    sendError(send, error, "The files that the command changed could not be collected."),
  );
  await send("end", JSON.stringify(explained(end, oomKills() > killsBefore)));
}

async function makePlace(): Promise<Place> {
  const own = await mkdtemp(join(tmpdir(), "sandbox-"));
  const place: Place = {
    id: "",
    workspace: join(own, "workspace"),
    home: join(own, "home"),
    tmp: join(own, "tmp"),
  };
  for (const path of [place.workspace, place.home, place.tmp]) await mkdir(path);
  return place;
}

async function runAndSend(
  invocation: Invocation,
  place: Place,
  guard: ProcessGuard,
  send: InvocationOptions["send"],
): Promise<CommandEnd> {
  const { command, timeoutMs, outputBytes, pids, openFiles, archive } = invocation;
  const memoryMb = Number(process.env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]);
  const launch = createFunctionLaunch({ memoryMb, fileBytes: archive.totalBytes, openFiles, pids }, guard);
  const never = new AbortController().signal;
  const output = runCommand(launch, place, { command, timeoutMs, network: false }, never);
  let written = 0;
  for (let step = await output.next(); ; step = await output.next()) {
    if (step.done === true) return step.value;
    const { stream, bytes } = step.value;
    const sent = bytes.subarray(0, Math.max(0, outputBytes - written));
    written += bytes.byteLength;
    if (sent.byteLength > 0) await send(stream, sent);
    if (written > outputBytes * OUTPUT_LIMIT_FACTOR) {
      const tooMuch: CommandEnd = { ending: "output_limit", exitCode: null, signal: null };
      await output.return(tooMuch);
      return tooMuch;
    }
  }
}

async function sendChanges(workspace: FolderWorkspace, send: InvocationOptions["send"]): Promise<void> {
  const { manifest, files } = await workspace.changes(() => true, new AbortController().signal);
  const text = new TextEncoder().encode(JSON.stringify(manifest));
  if (text.byteLength > MAX_FRAME_BYTES) {
    throw new RunnerError(
      "payload_too_large",
      `The names of the files that the command changed have more than ${MAX_FRAME_BYTES} bytes.`,
    );
  }
  await send("manifest", text);
  for await (const bytes of batches(encodeTar(files, { mtime: 0 }), TAR_FRAME_BYTES))
    await send("files", bytes);
}

/** `otherwise` is said of what was not foreseen. */
async function sendError(send: InvocationOptions["send"], error: unknown, otherwise: string): Promise<void> {
  const known = error instanceof RunnerError;
  const code = known && (error.code === "payload_too_large" || error.code === "provider_unavailable");
  const message = known ? error.message : otherwise;
  await send("error", JSON.stringify({ code: code ? error.code : "internal", message }));
}

/** The kernel says who was killed for want of memory, but not in the exit code. */
export function explained(end: CommandEnd, oomKilled: boolean): CommandEnd {
  return oomKilled && end.signal === "SIGKILL" ? { ...end, ending: "out_of_memory", signal: null } : end;
}

/** How often the kernel has killed for want of memory, in the machine that the function has for itself; 0 if it does not say. */
function oomKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync("/proc/vmstat", "latin1"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Removes whatever this user has in a folder, by tools that stop at no name, right or depth. */
async function isEmptied(folder: string): Promise<boolean> {
  const own = [folder, "-mindepth", "1", "-maxdepth", "1", "-user", String(process.getuid?.())];
  try {
    await execute("find", [...own, "-type", "d", "-exec", "chmod", "-R", "u+rwX", "{}", "+"]).catch(() => {});
    await execute("find", [...own, "-exec", "rm", "-rf", "{}", "+"]);
    const { stdout } = await execute("find", own);
    return stdout === "";
  } catch {
    return false;
  }
}
