/** Counts the events in a stream's bytes without decoding them: the bench's client must cost less than what it measures. */

const MARK = Buffer.from("\ndata: ");

export interface FrameCounter {
  /** Events seen so far. */
  readonly count: number;
  /** Takes what a socket has brought, cut anywhere. */
  take(bytes: Buffer): void;
}

export function createFrameCounter(): FrameCounter {
  let count = 0;
  let carried: Buffer = Buffer.alloc(0);
  return {
    get count() {
      return count;
    },
    take(bytes) {
      if (carried.length > 0) {
        // A mark that began in the bytes before ends within the first few of these.
        const seam = Buffer.concat([carried, bytes.subarray(0, MARK.length - 1)]);
        if (seam.includes(MARK)) count += 1;
      }
      for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + MARK.length)) count += 1;
      carried =
        bytes.length >= MARK.length - 1
          ? Buffer.from(bytes.subarray(1 - MARK.length))
          : Buffer.concat([carried, bytes]).subarray(1 - MARK.length);
    },
  };
}
