"""The parts of the replica that commands use.

The replica creates one instance and passes it to the commands of every connection, which therefore
do not depend on the replica itself.
"""

from dataclasses import dataclass

from hubbub.realtime.catch_up.catch_up import CatchUp
from hubbub.realtime.commands.group_commit import GroupCommit
from hubbub.realtime.commands.read_mark_buffer import ReadMarkBuffer
from hubbub.realtime.hub import Hub


@dataclass(frozen=True, slots=True)
class CommandServices:
    hub: Hub
    catch_up: CatchUp
    group_commit: GroupCommit
    read_marks: ReadMarkBuffer
