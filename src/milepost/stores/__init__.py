"""Where checkpoints live: the only code that writes them."""

from milepost.stores.folder import FolderStore
from milepost.stores.lease import Lease

__all__ = ["FolderStore", "Lease"]
