/** The bench's count of events must not depend on where a socket cuts its bytes. */
import { expect, test } from "vitest";
import { createFrameCounter } from "../../bench/frame-counter.ts";

test("events are counted alike wherever the bytes are cut", () => {
  const stream = Buffer.from(
    Array.from({ length: 20 }, (_, i) => `id: ${i}\ndata: {"seq":${i},"delta":"\\ndata: data: "}\n\n`).join(
      "",
    ),
  );
  for (const size of [1, 2, 3, 5, 6, 7, 8, 40, stream.length]) {
    const counter = createFrameCounter();
    for (let at = 0; at < stream.length; at += size) counter.take(stream.subarray(at, at + size));
    expect([size, counter.count]).toEqual([size, 20]);
  }
});
