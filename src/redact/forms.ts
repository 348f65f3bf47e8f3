/** The forms one secret takes when tools print, encode or send it. */
import type { Patterns } from "./scanner.ts";

/** The user name git's HTTP authentication has for tokens. */
const GIT_USER = "x-access-token";
/** Characters of a secret that give it away: more than the words that people put into tokens have. */
const WINDOW = 18;

/** Every form of every secret, for the scanner. */
export function secretForms(secrets: readonly string[]): Patterns {
  const exact = new Set<string>();
  const wrapped = new Set<string>();
  const caseless = new Set<string>();
  const percent: number[][] = [];
  for (const secret of secrets) {
    const bytes = new TextEncoder().encode(secret);
    exact.add(secret);
    // What is left of it where a text was cut on both sides, or in front.
    for (let at = 1; at + WINDOW <= secret.length; at += 1) exact.add(secret.slice(at, at + WINDOW));
    exact.add(JSON.stringify(secret).slice(1, -1));
    const basic = toBase64(new TextEncoder().encode(`${GIT_USER}:${secret}`));
    for (const form of [basic, ...base64Cores(bytes)]) {
      wrapped.add(form);
      wrapped.add(form.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
    }
    caseless.add(Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
    percent.push([...bytes]);
  }
  return { exact: [...exact], wrapped: [...wrapped], caseless: [...caseless], percent };
}

/**
 * The base64 characters that depend on the secret alone, for each of the three ways it can be
 * aligned inside a longer text (RFC 4648: six bits a character).
 */
function base64Cores(bytes: Uint8Array): string[] {
  return [0, 1, 2].map((offset) => {
    const padded = new Uint8Array(offset + bytes.length);
    padded.set(bytes, offset);
    return toBase64(padded).slice(Math.ceil((offset * 8) / 6), Math.floor((padded.length * 8) / 6));
  });
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
