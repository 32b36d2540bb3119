"""Those who run: each starts the same app with the same secrets."""

import os

DESCRIPTOR = 9


class Contenders:
    """Makes command lines. `latchkey` is the directory of its programs, `python` the interpreter with Azure's SDK."""

    def __init__(self, setup, latchkey, python):
        self.setup = setup
        self.latchkey = latchkey
        self.python = python
        self.here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

    def app(self, *more):
        return [f"{self.setup.programs}/first", str(DESCRIPTOR), *more]

    def configuration(self, place, count, more=""):
        """A configuration file for `count` secrets of one vault."""
        return self.configuration_of([(place, number) for number in range(1, count + 1)], more)

    def configuration_of(self, secrets, more=""):
        """The same for pairs of a vault and a secret's number; every variable is another one."""
        path = f"{self.setup.directory}/latchkey-{abs(hash((tuple(secrets), more))):x}.toml"
        lines = [f'vault = "https://{self.setup.host(secrets[0][0])}"' if secrets else "", more, "[env]"]
        home = secrets[0][0] if secrets else None
        for index, (place, number) in enumerate(secrets, 1):
            name = f"secret-{number:03d}"
            reference = name if place == home else f"https://{self.setup.host(place)}/secrets/{name}"
            lines.append(f'SECRET_{index:03d} = "{reference}"')
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return path

    def run(self, path, *options, app=None):
        return [f"{self.latchkey}/latchkey", "run", "--config", path, *options, "--", *(app or self.app())]

    def supervised(self, place, count):
        return self.run(self.configuration(place, count))

    def once(self, place, count):
        return self.run(self.configuration(place, count), "--once")

    def floor(self, place, count, shape=(1, "first")):
        return [f"{self.setup.programs}/floor", self.setup.host(place), str(count), str(shape[0]), shape[1], *self.app()]

    def script(self, place, count):
        return [f"{self.here}/launcher.sh", f"https://{self.setup.host(place)}", str(count), *self.app()]

    def sdk(self, place, count):
        return [self.python, f"{self.here}/launcher.py", f"https://{self.setup.host(place)}", str(count), *self.app()]

    def environment(self, command):
        """Python's SDK brings authorities of its own; it is told of the system's."""
        environment = self.setup.environment()
        if command[0] == self.python:
            environment["REQUESTS_CA_BUNDLE"] = "/etc/ssl/certs/ca-certificates.crt"
        return environment
