"""A server that runs `doctor`: a process that has imported everything and forks for each run.

`Deployment` uses it when the environment is the deployment's own, because the imports take four
times as long as the checks. The server reads a JSON line of arguments, and answers with the exit
code and the output.
"""

import json
import os
import sys

import django


def main() -> None:
    django.setup()
    import hubbub.doctor.management.commands.doctor  # noqa: F401

    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(run_doctor(json.loads(line)))}\n")
        sys.stdout.flush()


def run_doctor(arguments: list[str]) -> tuple[int, str]:
    output, written = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(written, sys.stdout.fileno())
        os._exit(run(arguments))
    os.close(written)
    with open(output) as file:  # noqa: PTH123  (a descriptor)
        text = file.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


def run(arguments: list[str]) -> int:
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(["manage.py", "doctor", *arguments])
    except SystemExit as exit:
        return int(exit.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    main()
