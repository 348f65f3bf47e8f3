/** One run's sandbox: made when the first command needs it, kept in step with the workspace, ended with the run. */
import type { CommandResult, CommandRunner, OutputEvent } from "../agent/agent.ts";
import { ServiceError } from "../errors.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { RemoteSandbox, RunnerClient } from "./client.ts";
import { commandSentences, endingWords } from "./ending-words.ts";
import { type EditsToSend, type LeftOut, nothingLeftOut, packAll, packEdits } from "./pack.ts";
import { readChanges } from "./read-changes.ts";
import { SandboxError } from "./sandbox-error.ts";
import { createSync, type Sync } from "./sync.ts";
import { type TakenBack, takeBack } from "./take-back.ts";
import type { ExecEnd, ExecRequest, RunnerProvider, SandboxDescription } from "./wire.ts";

export interface RunSandboxOptions {
  readonly client: RunnerClient;
  readonly provider: RunnerProvider;
  readonly workspace: Workspace;
  /** The repository as the base commit has it; nothing is taken back then. */
  readonly base?: boolean;
  /** The command that makes a new sandbox ready; undefined for none. */
  readonly setupFor: (description: SandboxDescription) => string | undefined;
  readonly holdsSecret: (text: string) => boolean;
  /** Aborts when the run has no more time for commands. */
  readonly deadline: AbortSignal;
  /** Milliseconds until then; commands end a little before, so that what they came to is known. */
  readonly timeLeft?: () => number;
}

/** What came of a command, or of the setup before it. */
export interface Ran {
  readonly phase: "setup" | "command";
  readonly command: string;
  readonly end: ExecEnd;
  readonly description: SandboxDescription;
  /** Set when the command ran although the setup before it failed. */
  readonly failedSetup?: { readonly command: string; readonly end: ExecEnd };
  /** How many of the repository's entries the sandbox did not have. */
  readonly leftOut: Readonly<Record<keyof LeftOut, number>>;
  /** True when the sandbox of earlier commands had ended, so that this is another one. */
  readonly anew: boolean;
  readonly takenBack: TakenBack;
  /** A sentence: why nothing of what it changed was taken back. */
  readonly notTaken?: string;
}

export interface RunSandbox {
  /**
   * Runs a command on the workspace as it is. A setup that fails is what comes back then, unless `anyway`: that is
   * how models run theirs.
   * Throws SandboxError, and the signal's reason once that aborts.
   */
  execute(command: string, signal: AbortSignal, anyway?: boolean): AsyncGenerator<OutputEvent, Ran>;
  /** The same for models, to whom every failure is a result. */
  readonly commands: CommandRunner;
  /** Ends the sandbox, in bounded time; a command after that has a new one. Never throws. */
  close(): Promise<void>;
}

interface Kept {
  readonly remote: RemoteSandbox;
  readonly sync: Sync;
  readonly leftOut: LeftOut;
  /** How the setup went, once it has run. */
  setup?: { readonly command: string; readonly end: ExecEnd } | "none";
}

const NOTHING_TAKEN: TakenBack = { changed: [], refused: [], undo: async () => {} };
const LONGEST_COMMAND = 10_000;
/** Milliseconds of a run's time that a command leaves: it has to be ended, and what it changed fetched. */
const LEFT_BEHIND = 3000;

export function createRunSandbox(options: RunSandboxOptions): RunSandbox {
  const { client, provider, workspace, base = false, setupFor, holdsSecret, deadline, timeLeft } = options;
  let kept: Kept | undefined;

  async function open(signal: AbortSignal): Promise<Kept> {
    const sync = createSync(workspace);
    let leftOut = nothingLeftOut();
    const upload = () => {
      leftOut = nothingLeftOut();
      sync.sendAll();
      return packAll(workspace, { base, holdsSecret }, leftOut);
    };
    const remote = await client.create(provider, upload, signal);
    return { remote, sync, leftOut };
  }

  /** The sandbox with the workspace as it is now in it. One that ended by itself meanwhile is made anew. */
  async function ready(signal: AbortSignal): Promise<Kept> {
    if (kept !== undefined) {
      const edits: EditsToSend | undefined = base ? undefined : await kept.sync.pending();
      if (edits === undefined) return kept;
      const { remote, sync, leftOut } = kept;
      try {
        await remote.put(() => packEdits(workspace, edits, { holdsSecret }, leftOut), signal);
        sync.sent(edits);
        return kept;
      } catch (error) {
        await drop();
        if (!(error instanceof SandboxError) || error.problem !== "gone") throw error;
      }
    }
    kept = await open(signal);
    return kept;
  }

  async function drop(): Promise<void> {
    const gone = kept;
    kept = undefined;
    await gone?.remote.destroy();
  }

  /** A limit of its own for a command that the run has less time for than the sandbox gives. */
  function limitFor({ limits }: SandboxDescription): Pick<ExecRequest, "timeout_seconds"> {
    const seconds = Math.floor(((timeLeft?.() ?? Number.POSITIVE_INFINITY) - LEFT_BEHIND) / 1000);
    return seconds >= 1 && seconds < limits.timeout_seconds ? { timeout_seconds: seconds } : {};
  }

  /** One command, whose sandbox is given up unless it ends as it should. */
  async function* exec(
    { remote }: Kept,
    command: string,
    phase: Ran["phase"],
    signal: AbortSignal,
  ): AsyncGenerator<OutputEvent, ExecEnd> {
    let whole = false;
    const running = remote.exec({ command, phase, ...limitFor(remote.description) }, signal);
    try {
      for (;;) {
        const next = await running.next();
        if (next.done === true) {
          whole = next.value.ending !== "sandbox_lost";
          if (whole) return next.value;
          throw new SandboxError("lost", "The sandbox ended while the command ran.");
        }
        const { stream, data } = next.value;
        const what = phase === "setup" ? "The setup command" : "The command";
        yield { type: "output", message: `${what} wrote to ${stream}.`, stream, data };
      }
    } finally {
      if (!whole) {
        await running.return(LOST).catch(() => undefined);
        await drop();
      }
    }
  }

  async function* execute(
    command: string,
    caller: AbortSignal,
    anyway = false,
  ): AsyncGenerator<OutputEvent, Ran> {
    if (command.length > LONGEST_COMMAND || holdsSecret(command)) {
      throw new SandboxError("secret", "The command is too long, or holds a secret of this service.");
    }
    const signal = AbortSignal.any([caller, deadline]);
    const before = kept;
    for (;;) {
      const fresh = kept === undefined;
      try {
        return yield* attempt(command, signal, anyway, before);
      } catch (error) {
        caller.throwIfAborted();
        if (deadline.aborted) {
          await drop();
          throw new SandboxError("out_of_time", OUT_OF_TIME);
        }
        if (!fresh && error instanceof SandboxError && error.problem === "gone") continue;
        throw isFailedRead(error) ? new SandboxError("unreadable", `${UNREADABLE} ${error.message}`) : error;
      }
    }
  }

  async function* attempt(
    command: string,
    signal: AbortSignal,
    anyway: boolean,
    before: Kept | undefined,
  ): AsyncGenerator<OutputEvent, Ran> {
    const sandbox = await ready(signal);
    const { description } = sandbox.remote;
    const setup = setupFor(description);
    const again = typeof sandbox.setup === "object" && !anyway && !isGood(sandbox.setup.end);
    if (setup !== undefined && (sandbox.setup === undefined || again)) {
      if (holdsSecret(setup)) throw new SandboxError("secret", "The setup command holds a secret.");
      sandbox.setup = { command: setup, end: yield* exec(sandbox, setup, "setup", signal) };
    }
    sandbox.setup ??= "none";
    const failedSetup =
      typeof sandbox.setup === "object" && !isGood(sandbox.setup.end) ? sandbox.setup : undefined;
    const { links, names, large } = sandbox.leftOut;
    const leftOut = { links, names: names.size, large: large.size };
    const common = { description, leftOut, anew: before !== undefined && before !== sandbox };
    if (failedSetup !== undefined && !anyway) {
      return { ...common, ...failedSetup, phase: "setup", takenBack: NOTHING_TAKEN };
    }
    const end = yield* exec(sandbox, command, "command", signal);
    const back = base ? { takenBack: NOTHING_TAKEN } : await fetchChanges(sandbox, signal);
    const failed = failedSetup === undefined ? {} : { failedSetup };
    return { ...common, ...failed, phase: "command", command, end, ...back };
  }

  async function fetchChanges(
    { remote, sync, leftOut: { names, large } }: Kept,
    signal: AbortSignal,
  ): Promise<Pick<Ran, "takenBack" | "notTaken">> {
    try {
      const changes = await readChanges(remote.changes(signal));
      const takenBack = await takeBack(workspace, changes, (path) => !names.has(path) && !large.has(path));
      sync.took(takenBack.changed);
      return { takenBack };
    } catch (error) {
      signal.throwIfAborted();
      if (isFailedRead(error))
        return { takenBack: NOTHING_TAKEN, notTaken: `${NOT_COMPARED} ${error.message}` };
      if (!(error instanceof SandboxError)) throw error;
      return { takenBack: NOTHING_TAKEN, notTaken: error.message };
    }
  }

  return {
    execute,
    commands: {
      async *run(command, signal) {
        try {
          return resultOf(yield* execute(command, signal, true));
        } catch (error) {
          if (!(error instanceof SandboxError)) throw error;
          return { exitCode: null, ended: `could not be run: ${error.message} Go on without it` };
        }
      },
    },
    close: drop,
  };
}

function resultOf(ran: Ran): CommandResult {
  const { end, takenBack, description, notTaken, failedSetup, anew } = ran;
  const notes = [
    ...commandSentences(end),
    ...(anew ? [ANEW] : []),
    ...(failedSetup === undefined ? [] : [`The setup command failed before: ${failedSetup.command}.`]),
    ...(notTaken === undefined ? [] : [notTaken]),
    ...takenBack.refused,
  ];
  return {
    exitCode: end.exit_code,
    ...(end.ending === "exited" ? {} : { ended: endingWords(end, description.limits) }),
    ...(takenBack.changed.length === 0 ? {} : { changed: takenBack.changed }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

function isGood({ ending, exit_code }: ExecEnd): boolean {
  return ending === "exited" && exit_code === 0;
}

/** What the forge or the git server did not hand out; whoever waits for a rate limit goes on with it later. */
function isFailedRead(error: unknown): error is ServiceError {
  return error instanceof ServiceError && error.retryAt === undefined;
}

const ANEW =
  "The sandbox had ended, so this is a new one: what earlier commands left where git ignores it is gone.";
const UNREADABLE = "The repository could not be read for the sandbox.";
const NOT_COMPARED = "What the command changed was not taken over: the repository could not be read.";
const OUT_OF_TIME =
  "The run has no time left for commands (limits.timeout_seconds); the rest of it is for publishing.";

/** For a command that nobody waits for any longer. */
const LOST: ExecEnd = {
  type: "end",
  ending: "sandbox_lost",
  exit_code: null,
  signal: null,
  truncated: false,
  duration_ms: 0,
  refused_hosts: [],
};
