/** Finds the addresses of names, so that nobody who asks for many keeps others waiting. */
import { lookup } from "node:dns/promises";

/** The addresses of a name, best first; rejects when there are none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** As every program of the runner's host would resolve it. */
export const resolveByHost: Resolve = async (name) =>
  (await lookup(name, { all: true })).map(({ address }) => address);

/** Asks once for all who want the same name at the same time: lookups of the host are few at a time, for everybody. */
export function sharing(resolve: Resolve): Resolve {
  const asking = new Map<string, Promise<readonly string[]>>();
  return (name) => {
    const answer = asking.get(name) ?? resolve(name).finally(() => asking.delete(name));
    asking.set(name, answer);
    return answer;
  };
}

/** Asks for at most `most` names at a time; the others wait for their turn. */
export function atMost(most: number, resolve: Resolve): Resolve {
  const waiting: (() => void)[] = [];
  let asking = 0;
  return async (name) => {
    if (asking >= most) await new Promise<void>((go) => waiting.push(go));
    else asking += 1;
    try {
      return await resolve(name);
    } finally {
      const next = waiting.shift();
      if (next === undefined) asking -= 1;
      else next();
    }
  };
}
