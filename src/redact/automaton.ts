/** Finds many strings in one pass over text that arrives in pieces (Aho and Corasick, 1975). */

export interface Automaton {
  /** The longest pattern's length. */
  readonly longest: number;
  /** The state after `symbol`; 0 is the start. Amortised constant time. */
  step(state: number, symbol: number): number;
  /** How many of the last symbols may be the beginning of a pattern. */
  depth(state: number): number;
  /** The length of the longest pattern that ends here, 0 when none does. */
  match(state: number): number;
}

/** Text that is no secret stays this close to the start, where a step is one array read. */
const SHALLOW = 2;
/** Symbols that have a place in those arrays. */
const SMALL = 256;

/** Builds the automaton; memory is proportional to the patterns' total length. */
export function createAutomaton(patterns: readonly (readonly number[])[]): Automaton {
  const edges: Map<number, number>[] = [new Map()];
  const fail = [0];
  const depth = [0];
  const match = [0];

  for (const pattern of patterns) {
    let state = 0;
    for (const symbol of pattern) {
      let next = edges[state]?.get(symbol);
      if (next === undefined) {
        next = edges.length;
        edges[state]?.set(symbol, next);
        edges.push(new Map());
        fail.push(0);
        depth.push((depth[state] ?? 0) + 1);
        match.push(0);
      }
      state = next;
    }
    match[state] = pattern.length;
  }

  const search = (from: number, symbol: number): number => {
    for (let state = from; state !== 0; state = fail[state] ?? 0) {
      const next = edges[state]?.get(symbol);
      if (next !== undefined) return next;
    }
    return edges[0]?.get(symbol) ?? 0;
  };

  // Breadth first, so that a state's failure, which is shallower, is complete before it is needed.
  const queue = [...(edges[0]?.values() ?? [])];
  for (const state of queue) {
    const shorter = fail[state] ?? 0;
    if ((match[state] ?? 0) === 0) match[state] = match[shorter] ?? 0;
    for (const [symbol, next] of edges[state] ?? []) {
      fail[next] = search(shorter, symbol);
      queue.push(next);
    }
  }

  const shallow = edges.flatMap((_, state) => ((depth[state] ?? 0) <= SHALLOW ? [state] : []));
  const rows = new Int32Array(edges.length).fill(-1);
  const table = new Int32Array(shallow.length * SMALL);
  for (const [row, state] of shallow.entries()) {
    rows[state] = row * SMALL;
    for (let symbol = 0; symbol < SMALL; symbol += 1) table[row * SMALL + symbol] = search(state, symbol);
  }
  const step = (state: number, symbol: number): number => {
    const row = rows[state] ?? -1;
    return row >= 0 && symbol >= 0 && symbol < SMALL ? (table[row + symbol] ?? 0) : search(state, symbol);
  };

  return {
    longest: Math.max(0, ...patterns.map((pattern) => pattern.length)),
    step,
    depth: (state) => depth[state] ?? 0,
    match: (state) => match[state] ?? 0,
  };
}
