"""The one way in which collectors ask other people's servers: `PoliteClient`, with `Manners` for each source."""

from collectors.http.client import PoliteClient
from collectors.http.manners import Manners, manners_for
from collectors.http.state import MemoryState, SourceState

__all__ = ["Manners", "MemoryState", "PoliteClient", "SourceState", "manners_for"]
