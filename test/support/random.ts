/** Random numbers and text that are the same in every test run. */

/** Mulberry32: numbers in [0, 1) from a seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Random {
  /** An integer in [0, below). */
  int(below: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Choices from a seed. */
export function createRandom(seed: number): Random {
  const next = randomNumbers(seed);
  const int = (below: number): number => Math.floor(next() * below);
  return {
    int,
    pick<T>(items: readonly T[]): T {
      const item = items[int(items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
  };
}

const ALPHABETS = [
  "abcdefghijklmnopqrstuvwxyz    ",
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=",
  "0123456789abcdef",
  "%0123456789ABCDEFabcdef",
  'canry_0123 \n\t"\\{}[]:,',
  "\u0000\u007fé中\ud83d\ude42\ufeff\u202e",
];

/** Up to `length` characters of one of several kinds of text. */
export function randomText(random: () => number, length: number): string {
  const alphabet = ALPHABETS[Math.floor(random() * ALPHABETS.length)] ?? "";
  const size = Math.floor(random() * length);
  return Array.from({ length: size }, () => alphabet.charAt(Math.floor(random() * alphabet.length))).join("");
}
