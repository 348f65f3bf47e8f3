/** A commit object's content (git's commit.c, `write_commit_tree`). */
import { utf8 } from "./bytes.ts";

export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface CommitInput {
  readonly tree: string;
  readonly parent: string;
  readonly author: Identity;
  readonly date: Date;
  /** Ends with a line break. */
  readonly message: string;
}

/** Author and committer are the same; the time is in UTC. Names must be one line without angle brackets. */
export function encodeCommit({ tree, parent, author, date, message }: CommitInput): Uint8Array {
  const seconds = Math.floor(date.getTime() / 1000);
  const who = `${author.name} <${author.email}> ${seconds} +0000`;
  return utf8(`tree ${tree}\nparent ${parent}\nauthor ${who}\ncommitter ${who}\n\n${message}`);
}
