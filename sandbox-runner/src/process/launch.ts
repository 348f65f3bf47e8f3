/** What it takes to run one command as processes of this machine. */
import type { Readable } from "node:stream";

/** Folders of one sandbox: all that its commands can write to. */
export interface Place {
  readonly id: string;
  readonly workspace: string;
  readonly home: string;
  readonly tmp: string;
  /** Holds the socket of the sandbox's proxy, where it has one. */
  readonly proxy?: string | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Launched {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Ends the command and whatever it started; also before it runs, and after it has ended. */
  kill(): void;
  /** Settles when nothing of it runs any more. Rejects when it could not be started. */
  readonly exited: Promise<Exit>;
}

/** Starts `/bin/sh -c command` in the workspace. */
export type Launch = (command: string, place: Place) => Launched;

export interface ProcessLimits {
  readonly memoryMb: number;
  /** Bytes of one file. */
  readonly fileBytes: number;
  readonly openFiles: number;
  readonly pids: number;
}

/** The limits that the kernel keeps for processes (prlimit(1)): each is of one process, not of the sandbox. */
export function prlimit({ memoryMb, fileBytes, openFiles }: ProcessLimits): string[] {
  return [
    "prlimit",
    "--core=0",
    `--data=${memoryMb * 1_048_576}`,
    `--fsize=${fileBytes}`,
    `--nofile=${openFiles}`,
  ];
}
