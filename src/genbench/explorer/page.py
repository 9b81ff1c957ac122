"""The page: one file with the models, what runs them, and their data."""

import re
from pathlib import Path

import jinja2

from ..report.page import TEMPLATES, template_environment
from ..utils.files import atomic_write
from .content import Content
from .pack import zipped
from .runtime import LICENSE, MODULE, WASM

PAGE = Path(__file__).parent / "page"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)


def save_page(content: Content, runtime: Path, path: Path, run: str | None = None) -> None:
    """Write the page, whole or not at all.

    runtime : the folder of onnxruntime-web
    run : the id of the run in MLflow that it is of
    """
    data, pack = content.finish()
    environment = template_environment()
    environment.loader = jinja2.FileSystemLoader([PAGE, TEMPLATES])
    module = (runtime / "dist" / MODULE).read_text(encoding="utf-8")
    text = environment.get_template("explorer.html").render(
        data=data | {"run": run},
        datasets=[dataset["name"] for dataset in data["datasets"]],
        run=run,
        license=LICENSE.read_text(encoding="utf-8"),
        files={
            "pack": zipped(pack),
            "wasm": zipped((runtime / "dist" / WASM).read_bytes()),
            "module": zipped(re.sub(r"//# sourceMappingURL.*", "", module).encode()),
        },
        script=bundle(PAGE),
    )
    with atomic_write(path) as new:
        new.write_text(text, encoding="utf-8")


def bundle(folder: Path, start: str = "main") -> str:
    """The modules of a folder as one script, each after those that it imports.

    Their names at the top are those of one script, so no two may have the same.
    """
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        text = (folder / f"{name}.js").read_text(encoding="utf-8")
        for needed in IMPORT.findall(text):
            if needed not in parts:
                add(needed)
        parts[name] = re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.MULTILINE)

    add(start)
    return "\n".join(parts.values())
