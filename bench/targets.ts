/** What the service has to reach, and whether it did. */
import type { Figures } from "./figures.ts";

interface Targets {
  /** The service's share of the native pipeline's wall and CPU time. */
  readonly ratio: number;
  readonly growthMb: number;
}

export interface Verdict {
  readonly holds: boolean;
  readonly line: string;
}

const USUAL: Targets = { ratio: 0.35, growthMb: 48 };
/** At a size where a checkout is most of what git does. */
const HUGE: Targets = { ratio: 0.06, growthMb: 110 };
const HUGE_FILES = 100_000;

function targetsFor(files: number): Targets {
  return files >= HUGE_FILES ? HUGE : USUAL;
}

/** One verdict for each target that was measured. */
export function verdictsOn(figures: Figures): readonly Verdict[] {
  const { ratio, growthMb } = targetsFor(figures.files);
  const growth = Math.max(figures.warmGrowthMb ?? 0, figures.freshGrowthMb ?? 0);
  const measured: readonly (readonly [
    what: string,
    value: number | undefined,
    limit: number,
    unit: string,
  ])[] = [
    ["wall / native", figures.wallRatio.native, ratio, ""],
    ["CPU / native", figures.cpuRatio.native, ratio, ""],
    ["memory growth", figures.warmGrowthMb === undefined ? undefined : growth, growthMb, " MB"],
  ];
  return measured.flatMap(([what, value, limit, unit]) => {
    if (value === undefined) return [];
    const holds = value <= limit;
    const digits = unit === "" ? 3 : 1;
    const least = holds || what !== "wall / native" ? "" : requestsAlone(figures);
    const line = `${holds ? "holds " : "MISSED"} ${figures.name}: ${what} ${value.toFixed(digits)}${unit} (target ${limit}${unit}${least})`;
    return [{ holds, line }];
  });
}

/** What the service could reach at best: its own requests, sent with no work between them. */
function requestsAlone({ wallMs }: Figures): string {
  if (wallMs.floor === undefined || wallMs.native === undefined) return "";
  return `; its requests alone take ${(wallMs.floor / wallMs.native).toFixed(3)}`;
}
