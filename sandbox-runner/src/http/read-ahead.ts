/** Reads a body before somebody wants it: a sender's going away shows only to who reads. */

export interface ReadAhead extends Disposable {
  /** What was read comes first, then the rest; errors come when their turn comes. To be taken once. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** Begins at once, and holds little more than `bytes`. Disposing ends the reading, without waiting for it. */
export function readAhead(source: AsyncIterable<Uint8Array>, bytes: number): ReadAhead {
  const reader = source[Symbol.asyncIterator]();
  const held: Promise<IteratorResult<Uint8Array>>[] = [];
  let wanted = false;

  const next = () => {
    const piece = reader.next();
    // Whoever takes it hears of its error, if anybody does.
    piece.catch(() => undefined);
    return piece;
  };
  const ahead = async () => {
    for (let room = bytes; room > 0 && !wanted; ) {
      const piece = next();
      held.push(piece);
      const { done, value } = await piece;
      if (done === true) return;
      room -= value.byteLength;
    }
  };
  ahead().catch(() => undefined);

  async function* pieces(): AsyncGenerator<Uint8Array, void> {
    wanted = true;
    try {
      for (;;) {
        const { done, value } = await (held.shift() ?? next());
        if (done === true) return;
        yield value;
      }
    } finally {
      await reader.return?.();
    }
  }
  return {
    pieces: pieces(),
    [Symbol.dispose]() {
      wanted = true;
      reader.return?.().catch(() => undefined);
    },
  };
}
