/** Python: pytest, where it is set up or has tests to find. */
import { parse } from "smol-toml";
import * as z from "zod";
import type { BaseFiles, Detected, Detector } from "./detect.ts";

const pyprojectSchema = z.object({ tool: z.looseObject({ pytest: z.unknown().optional() }).optional() });

export const python: Detector = async (files) => {
  const because = await reason(files);
  return because === undefined ? undefined : ({ command: "python3 -m pytest", because } satisfies Detected);
};

async function reason(files: BaseFiles): Promise<string | undefined> {
  for (const name of ["pytest.ini", ".pytest.ini"]) if (await files.has(name)) return `there is a ${name}`;
  if (hasPytest(await files.read("pyproject.toml"))) return "pyproject.toml sets up pytest";
  if (/^\[tool:pytest\]/m.test((await files.read("setup.cfg")) ?? "")) return "setup.cfg sets up pytest";
  if (/^\[pytest\]/m.test((await files.read("tox.ini")) ?? "")) return "tox.ini sets up pytest";
  if (await files.has("conftest.py")) return "there is a conftest.py";
  const folders = await files.matches("{test,tests}/**/{test_*,*_test}.py");
  return folders ? "a folder of tests has pytest's names" : undefined;
}

function hasPytest(text: string | undefined): boolean {
  if (text === undefined) return false;
  try {
    return pyprojectSchema.parse(parse(text)).tool?.pytest !== undefined;
  } catch {
    return false;
  }
}
