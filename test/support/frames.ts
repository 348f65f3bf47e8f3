/** A stream's event frames as they were sent, byte for byte, apart from what is not part of the log. */
import { type RecordedEvent, recordedEventSchema } from "../../src/run/events.ts";

export interface Frame {
  readonly seq: number;
  /** The whole frame, with the empty line that ends it. */
  readonly text: string;
}

/** Comments keep a stream open, and `retry` opens it: both depend on when it was read. */
const NOT_EVENTS = /^(?::|retry: \d+$)/;
const EVENT = /^id: (\d+)\ndata: [^\r\n]+$/;

/** The complete frames at the start of a text; a frame that was cut off is left out. Throws for any other kind. */
export function framesIn(text: string): readonly Frame[] {
  const blocks = text.split("\n\n").slice(0, -1);
  return blocks.flatMap((block) => {
    if (NOT_EVENTS.test(block)) return [];
    const seq = EVENT.exec(block)?.[1];
    if (seq === undefined) throw new Error(`not a frame: ${JSON.stringify(block)}`);
    return [{ seq: Number(seq), text: `${block}\n\n` }];
  });
}

export function textOf(frames: readonly Frame[]): string {
  return frames.map(({ text }) => text).join("");
}

/** The event a frame carries. Throws when it is not in the published vocabulary, or has another number. */
export function eventOf({ seq, text }: Frame): RecordedEvent {
  const event = recordedEventSchema.parse(JSON.parse(text.slice(text.indexOf("data: ") + 6)));
  if (event.seq !== seq) throw new Error(`frame ${seq} carries event ${event.seq}`);
  return event;
}
