/** What every way of doing the job has in common, so that one loop can measure them all. */
import type { Edit } from "./edit.ts";

/** One repository on the forge, and the change to make to it. */
export interface Job {
  readonly apiUrl: string;
  readonly cloneUrl: string;
  readonly serverUrl: string;
  readonly fullName: string;
  readonly token: string;
  readonly edit: Edit;
}

export interface Finished {
  /** The branch that was pushed. */
  readonly branch: string;
  /** Milliseconds since the epoch. */
  readonly beganAt: number;
  readonly wallMs: number;
  /** User and system time of everything on the client's side; the server's is not in it. */
  readonly cpuMs: number;
  /** Peak of resident memory above what was resident before, or of the largest process for processes of their own. */
  readonly memoryKb: number;
}

export interface Contender {
  readonly name: ContenderName;
  /** Does the job once. Throws when it did not end in a pull request. */
  run(): Promise<Finished>;
  close(): Promise<void>;
}

export type ContenderName = "service" | "native" | "isomorphic" | "floor";

/** A branch name nobody has used, as long as the service's random part. */
export function newBranchName(): string {
  return `bench/${randomLetters()}`;
}

export function randomLetters(): string {
  return Math.random().toString(36).slice(2, 10).padEnd(8, "0");
}
