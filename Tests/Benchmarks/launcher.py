"""The natural Python launcher: launcher.py VAULT COUNT COMMAND [ARG]…"""

import os
import sys

from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

vault, count, *command = sys.argv[1:]
client = SecretClient(vault, ManagedIdentityCredential())
for number in range(1, int(count) + 1):
    os.environ[f"SECRET_{number:03d}"] = client.get_secret(f"secret-{number:03d}").value
os.execvp(command[0], command)
