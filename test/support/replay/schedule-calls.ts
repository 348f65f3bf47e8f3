/** Puts the calls of many changes into one order in which each is possible: files become folders, names are swapped. */
import type { Random } from "../random.ts";
import type { ReplayCall } from "./calls-for-change.ts";

/**
 * Calls of one change stay in order, those of different changes are mixed.
 *
 * @param paths every path that is there at first and touched by a change
 */
export function scheduleCalls(
  changes: readonly (readonly ReplayCall[])[],
  paths: readonly string[],
  random: Random,
): readonly ReplayCall[] {
  const there = new Set(paths);
  const waiting = changes.map((calls) => [...calls]).filter((calls) => calls.length > 0);
  const mixed = random.int(2) === 0;
  const done: ReplayCall[] = [];
  let last: ReplayCall[] | undefined;
  while (waiting.length > 0) {
    const ready = waiting.filter(([call]) => call !== undefined && isPossible(call, there));
    if (ready.length === 0) {
      stepAside(waiting, `aside-${done.length}-${random.int(1_000_000)}`);
      continue;
    }
    const chosen = !mixed && last !== undefined && ready.includes(last) ? last : random.pick(ready);
    const call = chosen.shift();
    if (call !== undefined) {
      carryOut(call, there);
      done.push(call);
    }
    if (chosen.length === 0) waiting.splice(waiting.indexOf(chosen), 1);
    last = chosen;
  }
  return done;
}

/** Where everything waits for something else, one file goes to its new place by way of another. */
function stepAside(waiting: readonly ReplayCall[][], aside: string): void {
  for (const calls of waiting) {
    const [call] = calls;
    if (call?.name !== "move_file" || call.arguments.from.startsWith("aside-")) continue;
    const { from, to } = call.arguments;
    calls.splice(
      0,
      1,
      { name: "move_file", arguments: { from, to: aside } },
      { name: "move_file", arguments: { from: aside, to } },
    );
    return;
  }
  throw new Error(`no order for ${JSON.stringify(waiting).slice(0, 2_000)}`);
}

function isPossible(call: ReplayCall, there: ReadonlySet<string>): boolean {
  switch (call.name) {
    case "edit_file":
    case "delete_file":
      return there.has(call.arguments.path);
    case "write_file":
      return isFree(call.arguments.path, there);
    case "move_file":
      return isFree(call.arguments.to, there) && !there.has(call.arguments.to);
  }
}

/** True when no file is in the way of the path, and no folder is there. */
function isFree(path: string, there: ReadonlySet<string>): boolean {
  return [...there].every((other) => !path.startsWith(`${other}/`) && !other.startsWith(`${path}/`));
}

function carryOut(call: ReplayCall, there: Set<string>): void {
  switch (call.name) {
    case "edit_file":
      break;
    case "delete_file":
      there.delete(call.arguments.path);
      break;
    case "write_file":
      there.add(call.arguments.path);
      break;
    case "move_file":
      there.delete(call.arguments.from);
      there.add(call.arguments.to);
      break;
  }
}
