"""A secret of Secret Manager, read by gcloud at the moment it is needed; it is written nowhere on the control machine."""
from __future__ import annotations

import os
import subprocess

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

DOCUMENTATION = """
    name: secret
    short_description: newest version of a secret
    description: >-
      The environment variable AIRPAY_SECRET_<ID> (upper case, hyphens as underscores) wins, for a first start without a cloud and for
      the tests. Otherwise gcloud reads the newest version.
    options:
      _terms: {description: ids of the secrets, required: true}
      project: {description: the project that holds them, required: true}
"""
TIMEOUT_SECONDS = 30
display = Display()


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        return [self._read(term, self.get_option("project")) for term in terms]

    @staticmethod
    def _read(secret, project):
        given = os.environ.get("AIRPAY_SECRET_" + secret.upper().replace("-", "_"))
        if given is not None:
            return given
        try:
            done = subprocess.run(
                ["gcloud", "secrets", "versions", "access", "latest", f"--secret={secret}", f"--project={project}", "--quiet"],
                capture_output=True, timeout=TIMEOUT_SECONDS, check=True, text=True)
        except FileNotFoundError as error:
            raise AnsibleLookupError(f"secret {secret}: gcloud is not installed and no environment variable holds it") from error
        except subprocess.TimeoutExpired as error:
            raise AnsibleLookupError(f"secret {secret}: no answer in {TIMEOUT_SECONDS} s") from error
        except subprocess.CalledProcessError as error:
            raise AnsibleLookupError(f"secret {secret} of {project}: {error.stderr.strip()[-300:]}") from error
        if not done.stdout.strip():
            raise AnsibleLookupError(f"secret {secret} of {project} is empty")
        return done.stdout.rstrip("\n")
