"""The wheel, installed outside of the checkout: the command `recscope` and the app that it starts."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from packaging.requirements import Requirement

from recsys.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a fresh environment with the wheel in it; what it depends on is taken from the environment of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    scripts = folder / "bin"
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(scripts / "python"),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    subprocess.run(command, check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "of-the-tests.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")), encoding="utf-8")
    return scripts


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder outside of the checkout, with a folder of temporary files in it."""
    (tmp_path / "temporary").mkdir()
    return tmp_path


def environment(outside: Path) -> dict[str, str]:
    """Nothing here leads to the checkout; output into a pipe is buffered, as it is for everybody else."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONUNBUFFERED", "RECSYS_DATA")}
    return {**kept, "RECSYS_HOME": str(outside / "home"), "TMPDIR": str(outside / "temporary"), "OMP_NUM_THREADS": "1"}


def run(scripts: Path, outside: Path, *arguments: str, program: str = "recscope") -> subprocess.CompletedProcess[str]:
    command = [str(scripts / program), *arguments]
    return subprocess.run(command, cwd=outside, env=environment(outside), capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def started(scripts: Path, outside: Path, *arguments: str) -> Iterator[str]:
    """The address that a command prints when its app has started; Ctrl-C must end the app with all that it holds."""
    before = set((outside / "temporary").glob("recscope-*"))
    command = [str(scripts / "recscope"), *arguments, "--no-browser", "--json"]
    process = subprocess.Popen(command, cwd=outside, env=environment(outside), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        address = json.loads(line)["url"]
        yield address
        process.send_signal(signal.SIGINT)
        children = psutil.Process(process.pid).children(recursive=True)
        assert process.wait(timeout=30) == 0, process.stderr.read()
        assert "Traceback" not in process.stderr.read()
        assert not psutil.wait_procs(children, timeout=5)[1]
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(address, timeout=5)
        assert set((outside / "temporary").glob("recscope-*")) == before
    finally:
        process.kill()
        process.wait()


def test_the_app_is_in_the_wheel_and_no_other_top_level_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.partition("/")[0] for name in names} == {"recsys", "recscope", "recscope-0.1.0.dist-info"}
    shipped = {"app.py", ".streamlit/config.toml"} | {
        path.relative_to(ROOT).as_posix()
        for folder in ("pages", "assets")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {f"recscope/{path}" for path in shipped} == {name for name in names if name.startswith("recscope/")}


def test_it_depends_on_what_requirements_txt_lists(wheel: Path) -> None:
    opened = zipfile.ZipFile(wheel)
    metadata = opened.read(next(name for name in opened.namelist() if name.endswith("METADATA"))).decode()
    wanted = {str(Requirement(line.partition(": ")[2])) for line in metadata.splitlines() if line.startswith("Requires-Dist: ")}
    lines = (line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines())
    assert wanted == {str(Requirement(line)) for line in lines if line}


def test_its_help_lists_every_command(scripts: Path, outside: Path) -> None:
    shown = run(scripts, outside, "--help")
    assert shown.returncode == 0
    assert shown.stdout.startswith("Usage: recscope ")
    listed = {line.split()[0] for line in shown.stdout.partition("Commands:")[2].splitlines() if line.startswith("  ") and line[2] != " "}
    assert listed == set(COMMANDS)


def test_it_finds_the_shipped_data_and_models(scripts: Path, outside: Path) -> None:
    listed = json.loads(run(scripts, outside, "datasets", "--json").stdout)["datasets"]
    assert [each["name"] for each in listed if each["prepared"]] == ["demo-city"]
    found = json.loads(run(scripts, outside, "recommend", "markov", "demo-city", "--user", "p0042", "--json").stdout)
    assert len(found["items"]) == 10


@pytest.mark.parametrize(("program", "start"), [("recscope", "recscope"), ("python", "python -m recsys")])
def test_messages_name_the_program_that_was_started(scripts: Path, outside: Path, program: str, start: str) -> None:
    before = () if program == "recscope" else ("-m", "recsys")
    refused = run(scripts, outside, *before, "recommend", "markov", "ml-100k", "--user", "1", program=program)
    assert (refused.returncode, refused.stderr) == (2, f"error: dataset 'ml-100k' is not prepared yet; run: {start} prepare ml-100k\n")


def test_demo_answers_until_it_is_interrupted(scripts: Path, outside: Path) -> None:
    with started(scripts, outside, "demo") as address:
        assert parse_qs(urlsplit(address).query) == {"dataset": ["demo-city"]}
        assert urllib.request.urlopen(address, timeout=10).status == 200
        assert list((outside / "temporary").glob("recscope-server-*"))


def test_a_port_that_is_taken_is_refused_and_by_default_passed_over(scripts: Path, outside: Path) -> None:
    with started(scripts, outside, "demo") as first:
        port = str(urlsplit(first).port)
        refused = run(scripts, outside, "demo", "--no-browser", "--port", port)
        assert refused.returncode == 2
        assert refused.stderr == f"error: cannot listen on port {port} of 127.0.0.1: Address already in use; give another port\n"
        with started(scripts, outside, "demo") as second:
            assert urlsplit(second).port != urlsplit(first).port
            assert urllib.request.urlopen(second, timeout=10).status == 200


def test_other_machines_are_let_in_with_a_warning(scripts: Path, outside: Path) -> None:
    command = [str(scripts / "recscope"), "demo", "--no-browser", "--host", "0.0.0.0"]
    process = subprocess.Popen(command, cwd=outside, env=environment(outside), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    address = process.stdout.readline().strip()
    assert urllib.request.urlopen(address, timeout=10).status == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    assert "unless secrets.toml sets up sign-in" in process.stderr.read()


def test_open_prepares_a_file_and_opens_its_timeline(scripts: Path, outside: Path) -> None:
    lines = [f"u{at % 9},i{at * at % 7},{1_700_000_000 + 3600 * at}" for at in range(200)]
    (outside / "shop.csv").write_text("\n".join(["customer,article,seconds", *lines]), encoding="utf-8")
    answer = ("--map", "user_id=customer,item_id=article,timestamp=seconds")
    with started(scripts, outside, "open", "shop.csv", *answer) as address:
        assert urlsplit(address).path == "/timeline"
        assert parse_qs(urlsplit(address).query) == {"dataset": ["shop"]}
        assert urllib.request.urlopen(address, timeout=10).status == 200
    found = json.loads(run(scripts, outside, "recommend", "markov", "shop", "--user", "u1", "--k", "3", "--json").stdout)
    assert len(found["items"]) == 3
    with started(scripts, outside, "open", "shop") as address:
        assert parse_qs(urlsplit(address).query) == {"dataset": ["shop"]}
    refused = run(scripts, outside, "open", "shop", "--dates", "day-first")
    assert (refused.returncode, "shop' is prepared already" in refused.stderr) == (2, True)


def test_open_asks_as_prepare_does(scripts: Path, outside: Path) -> None:
    (outside / "odd.csv").write_text("a,b,c\n1,2,03/04/2012\n1,3,05/06/2012\n2,2,07/08/2012\n", encoding="utf-8")
    asked, prepared = (run(scripts, outside, command, "odd.csv") for command in ("open", "prepare"))
    assert asked.returncode == prepared.returncode == 2
    assert "the likeliest answer: recscope open odd.csv --" in asked.stderr
    assert asked.stderr == prepared.stderr.replace("recscope prepare", "recscope open")


def test_the_installed_app_draws_a_timeline(scripts: Path, outside: Path) -> None:
    """Streamlit's own test runs the script: an address answers even where the script fails."""
    script = outside / "draw.py"
    script.write_text(DRAW, encoding="utf-8")
    drawn = run(scripts, outside, str(script), program="python")
    assert drawn.returncode == 0, drawn.stderr
    where, headings = drawn.stdout.splitlines()
    assert Path(where).is_relative_to(scripts.parent)
    assert "p0042" in headings or "after 40 of" in headings


DRAW = """
import sys
from recsys.core.app_folder import APP_FOLDER
sys.path.insert(0, str(APP_FOLDER))
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(str(APP_FOLDER / "pages" / "navigation.py"), default_timeout=90)
for name, value in {"dataset": "demo-city", "model": "markov", "user": "p0042", "step": "40"}.items():
    app.query_params[name] = value
app.run()
app.switch_page("explore/timeline/page.py").run()
assert not app.exception, app.exception
print(APP_FOLDER)
print([element.proto.body for element in app.get("html")], [each.value for each in (*app.title, *app.header, *app.markdown)])
"""
