/** A fast digest of a text that grows: tells whether two conversations are the same, not meant against an attacker. */

export interface Digest {
  add(text: string): void;
  /** The digest of all that was added. */
  value(): string;
}

/** Two lanes of 32 bits, multiplied and mixed as MurmurHash does. Costs about a nanosecond a character. */
export function createDigest(): Digest {
  let one = 0xdeadbeef;
  let other = 0x41c6ce57;
  let length = 0;
  return {
    add(text) {
      length += text.length + 1;
      for (let index = 0; index < text.length; index += 1) {
        const unit = text.charCodeAt(index);
        one = Math.imul(one ^ unit, 2_654_435_761);
        other = Math.imul(other ^ unit, 1_597_334_677);
      }
      // where a text ends is part of it
      one = Math.imul(one ^ (one >>> 15), 2_246_822_507) ^ length;
      other = Math.imul(other ^ (other >>> 13), 3_266_489_909) ^ length;
    },
    value: () => [one, other].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join(""),
  };
}
