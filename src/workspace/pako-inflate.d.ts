/** pako's zlib port, one level below its public class: the only one that says where a stream ended. */
declare module "pako/lib/zlib/zstream.js" {
  export default class ZStream {
    input: Uint8Array | null;
    next_in: number;
    avail_in: number;
    output: Uint8Array | null;
    next_out: number;
    avail_out: number;
    total_out: number;
    msg: string;
    state: { window: Uint8Array | null };
  }
}
declare module "pako/lib/zlib/inflate.js" {
  import type ZStream from "pako/lib/zlib/zstream.js";

  const zlib: {
    inflateInit(stream: ZStream): number;
    inflateReset(stream: ZStream): number;
    inflate(stream: ZStream, flush: number): number;
  };
  export default zlib;
}
