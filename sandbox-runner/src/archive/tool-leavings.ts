/** What tools leave in a working tree for themselves: nobody wants it in a change, also where no `.gitignore` says so. */

/** Lines of a `.gitignore`, after GitHub's templates for Node and Python; names that could mean anything else are not here. */
export const TOOL_LEAVINGS = [
  "node_modules/",
  ".npm/",
  ".nyc_output/",
  ".eslintcache",
  ".stylelintcache",
  ".parcel-cache/",
  ".turbo/",
  "*.tsbuildinfo",
  "__pycache__/",
  "*.py[co]",
  ".pytest_cache/",
  ".mypy_cache/",
  ".ruff_cache/",
  ".hypothesis/",
  ".tox/",
  ".nox/",
  ".venv/",
  ".eggs/",
  "*.egg-info/",
  ".coverage",
  ".coverage.*",
  ".gradle/",
  ".DS_Store",
];
