/** What must be true of every run's log, whatever the run went through. */
import type { RecordedEvent } from "../../src/run/events.ts";
import { eventOf, framesIn } from "../support/frames.ts";

/** What is wrong with a log; nothing when it is gapless, ends once, and says no step's success twice. */
export function judgeLog(log: string): readonly string[] {
  const events = framesIn(log).map(eventOf);
  return [...numbering(events), ...endings(events), ...repetitions(events)];
}

function numbering(events: readonly RecordedEvent[]): readonly string[] {
  return events.flatMap(({ seq }, i) => (seq === i + 1 ? [] : [`event ${i + 1} has number ${seq}`]));
}

function endings(events: readonly RecordedEvent[]): readonly string[] {
  const count = events.filter(({ type }) => type === "done").length;
  const last = events.at(-1)?.type;
  return [
    ...(count === 1 ? [] : [`done ${count} times`]),
    ...(last === "done" ? [] : [`the last event is ${last}`]),
  ];
}

function repetitions(events: readonly RecordedEvent[]): readonly string[] {
  const steps = events.flatMap((event) => (event.type === "success" ? [event.step] : []));
  return steps.filter((step, i) => steps.indexOf(step) < i).map((step) => `${step} succeeded twice`);
}
