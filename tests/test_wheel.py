"""The wheel, installed outside of the checkout: the command `recscope` and the app that it starts."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
import yaml
from packaging.requirements import Requirement
from sqlalchemy import make_url

from recsys.cli import COMMANDS
from recsys.database.engine import VARIABLE

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


def read_image() -> dict[str, Any]:
    """The last stage of the Dockerfile: its ENTRYPOINT and CMD as one command, its port, variables, user and health check."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    stage = lines[max(at for at, line in enumerate(lines) if line.startswith("FROM ")) :]
    found = {line.split()[0]: line.split(None, 1)[1] for line in stage if re.match(r"[A-Z]+ ", line)}
    check = found["HEALTHCHECK"].partition(" CMD ")[2]
    return {
        "command": json.loads(found["ENTRYPOINT"]) + json.loads(found["CMD"]),
        "port": found["EXPOSE"],
        "variables": dict(pair.split("=", 1) for pair in found["ENV"].split()),
        "user": found["USER"],
        "check": json.loads(check),
    }


def test_the_entry_point_of_the_image_answers_its_health_check(scripts: Path, outside: Path) -> None:
    """What the image does, without an engine: `pip install .` elsewhere, its command, its health check, SIGTERM."""
    image = read_image()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    program, *arguments = [port if each == image["port"] else each for each in image["command"]]
    kept = {**environment(outside), **{name: value for name, value in image["variables"].items() if name not in ("PATH", "RECSYS_HOME")}}
    process = subprocess.Popen([str(scripts / program), *arguments], cwd=outside, env=kept, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip().endswith(f":{port}/")
        check = [each.replace(image["port"], port) for each in image["check"]]
        assert check[0] == "python" and f":{port}/api/health" in check[-1]
        asked = subprocess.run([str(scripts / check[0]), *check[1:]], capture_output=True, text=True, timeout=30, check=False)
        assert asked.returncode == 0, asked.stderr
        health = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=10))
        assert (health["status"], health["store"]) == ("ok", True)
        assert (outside / "home" / "recscope.db").is_file()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        asked = subprocess.run([str(scripts / check[0]), *check[1:]], capture_output=True, text=True, timeout=30, check=False)
        assert asked.returncode != 0
    finally:
        process.kill()
        process.wait()


def test_the_image_and_the_compose_file_fit_together() -> None:
    image = read_image()
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    app, database = composed["services"]["app"], composed["services"]["database"]
    assert image["command"][-4:] == ["--host", "0.0.0.0", "--port", image["port"]]
    assert image["user"] not in ("root", "0")
    assert app["ports"] == [f"127.0.0.1:{image['port']}:{image['port']}"], "only the proxy on the same machine reaches the app"
    assert {each.partition(":")[2] for each in app["volumes"]} >= {image["variables"]["RECSYS_HOME"]}
    assert app["depends_on"]["database"]["condition"] == "service_healthy"
    assert "healthcheck" in database
    assert set(composed["volumes"]) == {each.partition(":")[0] for each in (*app["volumes"], *database["volumes"]) if each[0] not in "$./"}
    assert make_url(re.sub(r"\$\{.*?\}", "word", app["environment"]["RECSCOPE_DATABASE_URL"])).host == "database"
    assert set(app["environment"]) == {VARIABLE, "STREAMLIT_SECRETS_FILES", "RECSCOPE_API"}
    assert "ports" not in database


def test_no_password_is_in_the_files_of_the_image() -> None:
    """Compose stops without a password, and the example of its variables has none; neither secrets nor data are copied into the image."""
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r"\$\{POSTGRES_PASSWORD(..)", text) == [":?", ":?"]
    example = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / "compose.env.example").read_text(encoding="utf-8"), re.M))
    assert example["POSTGRES_PASSWORD"] == ""
    assert set(re.findall(r"\$\{(\w+)", text)) == set(example)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "**" in ignored and not [line for line in ignored if "secrets" in line and line.startswith("!")]
    copied = {line[1:] for line in ignored if line.startswith("!")}
    assert all((ROOT / path).exists() for path in copied)
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert copied >= {
        *needed["packages"],
        *needed["force-include"],
        "pyproject.toml",
        "README.md",
        "requirements.txt",
        "requirements-server.txt",
    }


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
