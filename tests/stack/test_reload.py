"""A reload of nginx returns when the new workers serve, and fails when they do not."""

import os
import signal
from pathlib import Path

import pytest

from loadtests.lib.servers.process import ROOT
from scripts.stack import nginx
from scripts.stack.errors import StackError
from scripts.stack.options import options_from
from scripts.stack.output import Output
from scripts.stack.ports import free_port
from scripts.stack.state_directory import StateDirectory
from scripts.stack.supervised_service import Service


async def test_a_reload_without_effect_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = options_from({"PORT": str(free_port()), "STACK_DIR": str(tmp_path)})
    ours = nginx.Nginx(options, StateDirectory(tmp_path))
    ours.write_list([free_port()], [free_port()])
    ours.write_configuration(ROOT)
    service = Service("nginx", options.port, ours.program(), Output())
    await service.start()
    try:
        await ours.reload(service)
        assert service.pid is not None
        os.kill(service.pid, signal.SIGSTOP)
        monkeypatch.setattr(nginx, "RELOAD_SECONDS", 0.5)
        with pytest.raises(StackError, match="nginx did not reload within"):
            await ours.reload(service)
    finally:
        service.send_signal(signal.SIGCONT)
        await service.stop(10)
