/** Make: a target named `test` or `check`, in the file that make itself would take. */
import type { Detector } from "./detect.ts";

/** In make's order (GNU make manual, 3.2). */
const NAMES = ["GNUmakefile", "makefile", "Makefile"];
const TARGETS = ["test", "check"];

export const make: Detector = async (files) => {
  for (const name of NAMES) {
    const text = await files.read(name);
    if (text === undefined) continue;
    const target = TARGETS.find((wanted) => hasTarget(text, wanted));
    return target === undefined
      ? undefined
      : { command: `make ${target}`, because: `${name} has the target ${target}` };
  }
  return undefined;
};

/** A rule's line has its targets before one or two colons; `:=` assigns. */
function hasTarget(text: string, wanted: string): boolean {
  return text.split(/\r?\n/).some((line) => {
    const rule = /^([^\s#:=][^#:=]*):(?![:]?=)/.exec(line);
    return rule?.[1]?.trim().split(/\s+/).includes(wanted) ?? false;
  });
}
