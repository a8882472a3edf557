"""`python -m octoplat.runtime.demo_start`: makes a new installation usable, fills the sample space and
performs its release. Run by the supervisor at each start of the demo; `demo.json` says that it is done."""

import os
import secrets
import socket
import time
from dataclasses import replace
from pathlib import Path

import django

from octoplat.runtime import demo, demo_target
from octoplat.settings import env

USERNAME = "admin"
TARGET_SECONDS = 30.0


def main() -> None:
    home = env.home()
    kept = home / "keys" / "demo-access.json"
    access = demo.read_access(kept)
    if access is None:
        access = _install()
        demo.write_access(kept, access)
    access = replace(access, url=f"http://127.0.0.1:{env.number('OCTOPLAT_PORT', 8000)}")
    access = replace(access, people=demo.people(access))
    demo.write_access(kept, replace(access, url=""))
    print(demo.prepare(access, _target(home)), flush=True)
    demo.write_access(home / "demo.json", access)


def _target(home: Path) -> demo.DemoTarget:
    """The demo target, once it listens. Raises OSError when it does not in time."""
    deadline = time.monotonic() + TARGET_SECONDS
    while True:
        try:
            facts = demo_target.read_facts(home)
            socket.create_connection((facts.host, facts.port)).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return facts


def _install() -> demo.Access:
    """A first administrator with a random password and an API key, and the default space."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octoplat.settings.dev")
    django.setup()
    from spaces.actors import Actor  # models, so not before setup()
    from spaces.services.api_keys import create_api_key
    from spaces.services.bootstrap import install

    password = secrets.token_urlsafe(12)
    installed = install(USERNAME, password)
    _, api_key = create_api_key(
        actor=Actor(installed.administrator), user=installed.administrator, purpose="Demo"
    )
    return demo.Access(
        url="",
        username=USERNAME,
        password=password,
        api_key=api_key,
        space=installed.space.wire_id,
        space_name=installed.space.name,
    )


if __name__ == "__main__":
    main()
