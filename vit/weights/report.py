"""What loading did, in words."""

from dataclasses import dataclass, field

from vit.weights.file import few


@dataclass
class Report:
    """Names of our parameters (loaded, zeroed), of the file's (dropped), and sentences (resized, notes).

    assumed: what neither the file nor a config.json beside it states.
    """

    source: str
    loaded: list[str] = field(default_factory=list)
    resized: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    zeroed: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self):
        parts = [f"loaded {len(self.loaded)} parameters"]
        parts += [f"resized {few(self.resized)}"] if self.resized else []
        parts += [f"dropped {few(self.dropped)}"] if self.dropped else []
        parts += [f"zeroed {few(self.zeroed)}"] if self.zeroed else []
        parts += [f"assumed, as nothing states it: {', '.join(self.assumed)}"] if self.assumed else []
        return f"{self.source}: " + "; ".join(parts + self.notes)
