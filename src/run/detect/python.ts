/** Python: pytest, where it is set up or has tests to find. */
import { parse } from "smol-toml";
import * as z from "zod";
import type { BaseFiles, Detected, Detector } from "./detect.ts";

const pyprojectSchema = z.object({ tool: z.looseObject({ pytest: z.unknown().optional() }).optional() });

export const python: Detector = async (files) => {
  const because = await reason(files);
  return because === undefined ? undefined : pytest(because);
};

/** By the names of tests alone, wherever they are: a weaker sign than a target of make. */
export const pythonTests: Detector = async (files) => {
  if (await files.matches("{test_*,*_test}.py")) return pytest("there are tests with pytest's names");
  const folders = await files.matches("**/{test,tests}/**/{test_*,*_test}.py");
  return folders ? pytest("a folder of tests has pytest's names") : undefined;
};

function pytest(because: string): Detected {
  return { command: "python3 -m pytest", because };
}

async function reason(files: BaseFiles): Promise<string | undefined> {
  for (const name of ["pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"])
    if (await files.has(name)) return `there is a ${name}`;
  if (hasPytest(await files.read("pyproject.toml"))) return "pyproject.toml sets up pytest";
  if (/^\[tool:pytest\]/m.test((await files.read("setup.cfg")) ?? "")) return "setup.cfg sets up pytest";
  const tox = (await files.read("tox.ini")) ?? "";
  if (/^\[pytest\]/m.test(tox)) return "tox.ini sets up pytest";
  if (/^\[testenv/m.test(tox) && /^(?:commands[ \t]*=)?[ \t]*(?:python3? -m )?pytest\b/m.test(tox))
    return "tox.ini names pytest";
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
