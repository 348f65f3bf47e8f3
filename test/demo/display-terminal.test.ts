/** When the display for people draws: in time while the run goes on, and not once it has ended. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createTerminalDisplay } from "./display-terminal.ts";
import { SPINNER_MS } from "./frame.ts";

describe("the display for people", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([1, 15, 17, 40])("draws nothing after its end, when news came %i ms before a spin", (before) => {
    const written: string[] = [];
    const screen = { write: (text: string) => void written.push(text), columns: 80, rows: 24 };
    const display = createTerminalDisplay({ screen, colours: false, now: () => Date.now() });
    display.begin({ repository: "the example repository", prompt: "Add a file" });
    vi.advanceTimersByTime(SPINNER_MS - before);
    display.starting("local forge");
    vi.advanceTimersByTime(before);
    display.started();
    display.close();

    const atTheEnd = written.length;
    vi.advanceTimersByTime(10 * SPINNER_MS);
    expect(written.slice(atTheEnd)).toEqual([]);
  });
});
