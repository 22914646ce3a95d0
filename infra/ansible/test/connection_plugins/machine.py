"""Runs commands in a machine of the tests: its namespaces and root, entered by the process id of its first process."""
from __future__ import annotations

import os
import shutil
import subprocess

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
    name: machine
    short_description: a machine of namespaces on this computer
    description: Enters the namespaces of a process with nsenter.
    options:
      pid_file:
        description: file with the process id of the machine's first process
        vars: [{name: machine_pid_file}]
        required: true
"""


class Connection(ConnectionBase):
    transport = "machine"
    has_pipelining = True

    def _pid(self):
        try:
            with open(self.get_option("pid_file"), encoding="ascii") as file:
                pid = int(file.read())
            os.kill(pid, 0)
            return str(pid)
        except (OSError, ValueError) as error:
            raise AnsibleConnectionFailure(f"the machine does not run: {error}") from error

    def _connect(self):
        self._connected = True
        return self

    def exec_command(self, cmd, in_data=None, sudoable=True):
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        command = ["nsenter", "--target", self._pid(), "--all", "--root", "--wd", "/usr/bin/env", "-i",
                   "HOME=/root", "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                   "/bin/sh", "-c", cmd]
        done = subprocess.run(command, input=in_data or b"", capture_output=True, check=False)
        # 1 with nsenter's own words: the machine is gone, which is not what the command said.
        if done.returncode == 1 and done.stderr.startswith(b"nsenter:"):
            raise AnsibleConnectionFailure(done.stderr.decode(errors="replace"))
        return done.returncode, done.stdout, done.stderr

    def _inside(self, path):
        return f"/proc/{self._pid()}/root{os.path.normpath('/' + path)}"

    def put_file(self, in_path, out_path):
        shutil.copyfile(in_path, self._inside(out_path))

    def fetch_file(self, in_path, out_path):
        shutil.copyfile(self._inside(in_path), out_path)

    def close(self):
        self._connected = False
