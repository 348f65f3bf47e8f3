/**
 * A user for each sandbox: what the kernel gives to a user, it counts over all containers. One that takes every
 * inotify instance (`fs.inotify.max_user_instances` is 128), queue or page of pipes takes them from no other.
 */
import { randomInt } from "node:crypto";

/** In the image these have names (image/set-up), for programs that ask for theirs. */
const FIRST_UID = 20_000;
const COUNT = 4096;

/** Uids in turn, from anywhere: other runners may use the same engine. */
export function createUsers(): () => number {
  let turn = randomInt(COUNT);
  return () => {
    turn = (turn + 1) % COUNT;
    return FIRST_UID + turn;
  };
}
