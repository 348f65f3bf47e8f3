import { describe, expect, test } from "vitest";
import { importSecret } from "../../src/sandbox/sign.ts";
import {
  decodeSignedStream,
  encodeSignedStream,
  MAX_FRAME_BYTES,
  SignedStreamError,
} from "../../src/sandbox/signed-stream.ts";
import { collect } from "../support/collect.ts";

const key = await importSecret("0123456789abcdef0123456789abcdef");
const SIGNATURE = "ab".repeat(32);
const HEADER_BYTES = 36;

async function* pieces(...texts: string[]) {
  for (const text of texts) yield new TextEncoder().encode(text);
}

const encode = (...texts: string[]) => collect(encodeSignedStream(key, SIGNATURE, pieces(...texts)));

async function decode(body: readonly Uint8Array[], signature = SIGNATURE, secret = key): Promise<string> {
  const data = await collect(
    decodeSignedStream(
      secret,
      signature,
      (async function* () {
        yield* body;
      })(),
    ),
  );
  return Buffer.concat(data).toString();
}

const error = (kind: string, message: string) => expect.objectContaining({ kind, message });
const NOT_SIGNED = error("unauthorized", "A frame is not signed for this request.");
const CUT_SHORT = error("incomplete", "The body was cut short.");

describe("a signed stream", () => {
  test("brings data over as it was, in frames of at most 64 KiB, however it is cut on the way", async () => {
    const long = "x".repeat(MAX_FRAME_BYTES * 2 + 1);
    const frames = await encode("one", long, "");
    expect(frames.map(({ byteLength }) => byteLength - HEADER_BYTES)).toEqual([
      3,
      MAX_FRAME_BYTES,
      MAX_FRAME_BYTES,
      1,
      0,
    ]);
    expect((await decode(frames)) === `one${long}`).toBe(true);
    expect((await decode([Buffer.concat(frames)])) === `one${long}`).toBe(true);
    const small = Buffer.concat(await encode("one", "two"));
    expect(await decode(Array.from(small, (byte) => Uint8Array.of(byte)))).toBe("onetwo");
    expect(await decode(await encode())).toBe("");
  });

  test("shows when any bit of it was altered", async () => {
    const body = Buffer.concat(await encode("one", "two"));
    let unseen = 0;
    for (let bit = 0; bit < body.byteLength * 8; bit += 1) {
      const bad = Buffer.from(body);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const seen = await decode([bad]).then(
        () => false,
        (problem: unknown) => problem instanceof SignedStreamError,
      );
      if (!seen) unseen += 1;
    }
    expect(unseen).toBe(0);
  });

  test("shows when frames were left out, moved, repeated, added, or taken from another request", async () => {
    const [one, two, last] = (await encode("one", "two")) as [Uint8Array, Uint8Array, Uint8Array];
    const other = (await collect(encodeSignedStream(key, "cd".repeat(32), pieces("one")))) as [
      Uint8Array,
      Uint8Array,
    ];
    await expect(decode([two, last])).rejects.toEqual(NOT_SIGNED);
    await expect(decode([two, one, last])).rejects.toEqual(NOT_SIGNED);
    await expect(decode([one, one, two, last])).rejects.toEqual(NOT_SIGNED);
    await expect(decode([one, last])).rejects.toEqual(NOT_SIGNED);
    await expect(decode([one, two, last, last])).rejects.toEqual(
      error("unauthorized", "Data after the last frame."),
    );
    await expect(decode([Buffer.concat([one, two, last, one])])).rejects.toEqual(NOT_SIGNED);
    await expect(decode([Buffer.concat([one, two, last, Uint8Array.of(0)])])).rejects.toEqual(
      error("unauthorized", "Data after the last frame."),
    );
    await expect(decode(other)).rejects.toEqual(NOT_SIGNED);
    await expect(decode([one, two, last], "cd".repeat(32))).rejects.toEqual(NOT_SIGNED);
    await expect(decode([one, two, last], SIGNATURE, await importSecret("x"))).rejects.toEqual(NOT_SIGNED);
  });

  test("shows when it was cut short, wherever", async () => {
    const body = Buffer.concat(await encode("one", "two"));
    for (let end = 0; end < body.byteLength; end += 1) {
      await expect(decode([body.subarray(0, end)])).rejects.toEqual(CUT_SHORT);
    }
  });

  test("holds no frame that is longer than one may be", async () => {
    const header = new Uint8Array(HEADER_BYTES);
    new DataView(header.buffer).setUint32(0, MAX_FRAME_BYTES + 1);
    await expect(decode([header])).rejects.toEqual(error("unauthorized", "A frame is too long."));
  });

  test("hands out a frame's data as soon as the frame is there, and not before", async () => {
    const [one, two] = (await encode("one", "two")) as [Uint8Array, Uint8Array];
    const sent: number[] = [];
    async function* body() {
      sent.push(1);
      yield one;
      sent.push(2);
      yield two.subarray(0, -1);
      sent.push(3);
      yield two.subarray(-1);
    }
    const data = decodeSignedStream(key, SIGNATURE, body());
    const read = [];
    read.push(Buffer.from((await data.next()).value ?? []).toString(), [...sent]);
    read.push(Buffer.from((await data.next()).value ?? []).toString(), [...sent]);
    expect(read).toEqual(["one", [1], "two", [1, 2, 3]]);
  });
});
