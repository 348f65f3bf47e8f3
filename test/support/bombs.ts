/** Attack 20: packs that are small on the wire and ruinous to unpack, each with how it must end. */
import { BLOB, COMMIT, type PackedObject, packOf, repeatingDelta, TREE } from "./packs.ts";

const MiB = 1024 * 1024;

export interface Bomb {
  readonly name: string;
  readonly pack: () => Buffer;
  readonly code: "object_too_large" | "pack_too_large" | "git_protocol_error";
}

const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes);

export const BOMBS: readonly Bomb[] = [
  {
    name: "one blob of 400 MB in 400 KB",
    pack: () => packOf([{ type: BLOB, content: zeros(400 * MiB) }]),
    code: "object_too_large",
  },
  {
    name: "a tree of 100 MB",
    pack: () => packOf([{ type: TREE, content: zeros(100 * MiB) }]),
    code: "object_too_large",
  },
  {
    name: "a hundred blobs of 7 MB",
    pack: () =>
      packOf(Array.from({ length: 100 }, (): PackedObject => ({ type: BLOB, content: zeros(7 * MiB) }))),
    code: "pack_too_large",
  },
  {
    name: "trees of 7 MB that would be kept",
    pack: () =>
      packOf(Array.from({ length: 10 }, (): PackedObject => ({ type: TREE, content: zeros(7 * MiB) }))),
    code: "pack_too_large",
  },
  {
    name: "a delta whose result has 400 MB",
    pack: () =>
      packOf([
        { type: BLOB, content: zeros(MiB) },
        { type: BLOB, content: repeatingDelta(MiB, 400 * MiB), deltaOn: 1 },
      ]),
    code: "object_too_large",
  },
  {
    name: "many deltas of 7 MB each",
    pack: () =>
      packOf([
        { type: BLOB, content: zeros(MiB) },
        ...Array.from(
          { length: 20 },
          (_, i): PackedObject => ({ type: BLOB, content: repeatingDelta(MiB, 7 * MiB), deltaOn: i + 1 }),
        ),
      ]),
    code: "pack_too_large",
  },
  {
    name: "a chain of 1,000 deltas",
    pack: () =>
      packOf([
        { type: BLOB, content: zeros(0x10000) },
        ...Array.from(
          { length: 1000 },
          (): PackedObject => ({ type: BLOB, content: repeatingDelta(0x10000, 0x10000), deltaOn: 1 }),
        ),
      ]),
    code: "pack_too_large",
  },
  {
    name: "four billion declared objects",
    pack: () => packOf([{ type: BLOB, content: zeros(1) }], 0xffffffff),
    code: "pack_too_large",
  },
  {
    name: "an object that is larger than it says",
    pack: () => packOf([{ type: BLOB, content: zeros(100 * MiB), size: 10 }]),
    code: "git_protocol_error",
  },
  {
    name: "an object that is smaller than it says",
    pack: () => packOf([{ type: COMMIT, content: zeros(10), size: 1000 }]),
    code: "git_protocol_error",
  },
  {
    name: "a size that does not fit a number",
    pack: () => packOf([{ type: BLOB, content: zeros(1), size: 2 ** 53 - 1 }]),
    code: "object_too_large",
  },
];
