/** Names of sandboxes: too many to guess, and fit for paths, labels and folders. */
import { randomInt } from "node:crypto";

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH = 32;

/** 32 of [a-z0-9], 165 bits. */
export function randomId(): string {
  return Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join("");
}
