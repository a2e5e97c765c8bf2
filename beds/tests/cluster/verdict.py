"""What the checks found: each one by its name, said once at the end, with the largest differences that were measured."""


class Verdict:
    """Checks that held or did not. A name may be checked many times; the first failures of it are shown."""

    SHOWN = 6

    def __init__(self):
        self.held = {}
        self.failed = {}
        self.measured = {}

    def check(self, name, holds, words=""):
        """Notes one check and gives `holds` back; `words` say what was seen, for one that failed."""
        if holds:
            self.held[name] = self.held.get(name, 0) + 1
        else:
            self.failed.setdefault(name, []).append(words() if callable(words) else str(words))
        return bool(holds)

    def equal(self, name, got, expected, about=""):
        return self.check(name, got == expected, f"{about} is {got!r}, not {expected!r}")

    def measure(self, name, value, unit="", about=""):
        """Keeps the largest value of each name."""
        if name not in self.measured or value > self.measured[name][0]:
            self.measured[name] = (value, unit, about)

    def end(self):
        """Prints all; gives the exit code."""
        for name, times in self.held.items():
            if name not in self.failed:
                print(f"ok    {name} ({times})")
        for name, (value, unit, about) in self.measured.items():
            print(f"      {name}: {value:.4g} {unit} {about}".rstrip())
        for name, failures in self.failed.items():
            print(f"BAD   {name}: {len(failures)} of {len(failures) + self.held.get(name, 0)}")
            for words in failures[: self.SHOWN]:
                print(f"        {words}")
        return 1 if self.failed or not self.held else 0
