"""An emulator among hostile clients."""
