/** Remembers what a sandbox was refused until somebody asks, whatever it sends. */

const MAX_REMEMBERED = 100;
/** Longer than every `host:port` that is one. */
const MAX_CHARACTERS = 262;

export interface Refusals {
  /** Drops what it knows already, and what there is no more room for. */
  add(target: string): void;
  /** What was added since the last call, each once, in order, in printable ASCII. */
  take(): readonly string[];
}

export function createRefusals(): Refusals {
  let remembered = new Set<string>();
  return {
    add: (target) => {
      const text = printable(target).slice(0, MAX_CHARACTERS);
      if (remembered.size < MAX_REMEMBERED) remembered.add(text);
    },
    take: () => {
      const taken = [...remembered];
      remembered = new Set();
      return taken;
    },
  };
}

function printable(text: string): string {
  return text.slice(0, MAX_CHARACTERS).replace(/[^\x21-\x7e]/g, "?");
}
